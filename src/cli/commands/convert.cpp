// frugal convert: between file formats, told by their extensions.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "cli/command.h"
#include "cli/gguf.h"
#include "cli/model_source.h"
#include "cli/output.h"
#include "engine/engine_op.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "frugal/onnx.h"
#include "graph/op.h"

namespace frugal {
namespace {

struct Convert {
  ModelSource source;
  std::string output, type, output_type, tokenizer;
};

std::string extension(const std::string& path) { return std::filesystem::path(path).extension().string(); }

void check_output(const std::string& path) {
  std::string kind = extension(path);
  if (kind != ".safetensors" && kind != ".onnx" && kind != ".npz")
    fail_usage("{}: the format is told by the extension; known are .safetensors, .onnx, .npz and .gguf", path);
}

// What a network is made of, and what of it the engine cannot run.
Json report(const Graph& graph) {
  std::set<std::string> ops, unsupported;
  for (const Node& node : graph.nodes()) {
    ops.insert(node.op->name);
    if (!EngineRegistry::instance().find(node.op->name)) unsupported.insert(node.op->name);
  }
  return {{"ops", ops}, {"unsupported", unsupported}};
}

// Plain weights without a network: only the container changes.
bool convert_weights(const Convert& convert) {
  const std::string& in = convert.source.model;
  if (!convert.source.arch.empty()) return false;
  if (extension(in) == ".npz") {
    if (extension(convert.output) == ".npz") fail_usage("{} is an .npz already", in);
    write_safetensors(convert.output, read_npz(in));
    return true;
  }
  if (extension(in) == ".safetensors" && std::filesystem::is_regular_file(in)) {
    SafetensorsFile file = read_safetensors(in);
    if (file.metadata.contains("frugal.format")) return false;
    if (extension(convert.output) != ".npz")
      fail_usage("{} holds weights but no network: with --arch NAME it becomes a model file, or write it as .npz", in);
    write_npz(convert.output, file.tensors);
    return true;
  }
  return false;
}

int run_convert(const Convert& convert, const Common& common) {
  if (extension(convert.output) == ".gguf" || extension(convert.source.model) == ".gguf")
    return convert_gguf({convert.source.model, convert.output, convert.tokenizer, convert.type, convert.output_type},
                        common);
  if (!convert.type.empty() || !convert.output_type.empty() || !convert.tokenizer.empty())
    fail_usage("--type, --output-type and --tokenizer go with .gguf files");
  check_output(convert.output);
  Json document{{"ops", Json::array()}, {"unsupported", Json::array()}};
  if (!convert_weights(convert)) {
    OpenedModel opened = open_model(convert.source, common);
    document = report(opened.model.graph);
    if (extension(convert.output) == ".npz") {
      write_npz(convert.output, {opened.model.weights.begin(), opened.model.weights.end()});
    } else {
      if (!opened.model.metadata.contains("task") && opened.task == "classify")
        set_task_info(opened.model, task_info_or_usual(opened));
      extension(convert.output) == ".onnx" ? save_onnx(convert.output, opened.model)
                                           : save_model(convert.output, opened.model);
    }
  }
  if (common.json) {
    print_json(document);
    return 0;
  }
  print("wrote {} ({})\n", convert.output, bytes_text(std::filesystem::file_size(convert.output)));
  if (!document["unsupported"].empty())
    print("ops that the engine cannot run yet: {}\n", document["unsupported"].dump());
  return 0;
}

}  // namespace

FRUGAL_COMMAND(convert) {
  commands.add(
      {.name = "convert",
       .summary = "Change a model's file format",
       .help =
           "Writes a model in another format, told by the extension of OUT. A model file (also .onnx) or a built-in "
           "network becomes\n"
           ".safetensors (graph, weights, notes in one file), .onnx or .npz (weights only). A plain checkpoint becomes "
           "a "
           "model\n"
           "file with --arch. Which ops the engine does not support is said at once. JSON: {ops, unsupported}.\n"
           "A .gguf file becomes one with weights of another type; norms and small tensors stay float32, and rows that "
           "are no\n"
           "whole blocks get the nearest type that fits. A llama2.c checkpoint (.bin) becomes .gguf too. "
           "JSON adds\n"
           "{bytes_before, bytes_after, tensors[{name, shape, from, to, bytes}]}.",
       .examples = "  frugal convert resnet20.safetensors model.safetensors --arch resnet20_cifar_a\n"
                   "  frugal convert model.onnx model.safetensors --shape images=1x3x640x640\n"
                   "  frugal convert model.safetensors model.onnx\n"
                   "  frugal convert model.safetensors weights.npz\n"
                   "  frugal convert weights.npz weights.safetensors\n"
                   "  frugal convert model-f16.gguf model-q4.gguf --type Q4_K\n"
                   "  frugal convert stories260K.bin stories.gguf --tokenizer tok512.bin --type Q8_0",
       .define = [](CLI::App& app) -> CommandRun {
         auto convert = std::make_shared<Convert>();
         convert->source.add_options(app, true);
         app.add_option("OUT", convert->output, "The file to write: .safetensors, .onnx, .npz or .gguf")->required();
         app.add_option("--type", convert->type, "Of a .gguf file's weights: F32, F16, BF16, Q8_0, Q4_K, ...")
             ->type_name("TYPE");
         app.add_option("--output-type", convert->output_type,
                        "Of the matrix that makes the logits (default: as --type, but at least Q6_K)")
             ->type_name("TYPE");
         app.add_option("--tokenizer", convert->tokenizer, "The tokenizer of a llama2.c checkpoint")
             ->type_name("FILE.bin");
         return [convert](const Common& common) { return run_convert(*convert, common); };
       }});
}

}  // namespace frugal
