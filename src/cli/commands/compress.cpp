// frugal compress: a method of the literature makes a model cheaper.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/picture_options.h"
#include "formats/dataset.h"
#include "frugal/detect.h"
#include "frugal/prepare.h"
#include "graph/costs.h"
#include "methods/method.h"
#include "tasks/letterbox.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

struct Compress {
  ModelSource source;
  PictureOptions pictures;
  std::string method, data, split = "train", output;
  std::vector<std::string> settings;
  bool list = false;
};

void list_methods(const Common& common) {
  Json all = Json::array();
  for (const Method& m : MethodRegistry::instance().all()) {
    Json options = Json::array();
    for (const MethodOption& o : m.options)
      options.push_back({{"name", o.name}, {"default", o.fallback}, {"doc", o.doc}, {"choices", o.choices}});
    all.push_back({{"name", m.name}, {"doc", m.doc}, {"data", m.needs_data}, {"options", options}});
  }
  if (common.json) return print_json(all);
  for (const Method& m : MethodRegistry::instance().all()) {
    print("{}: {}\n", m.name, m.doc);
    Table table({"  option", "default", "meaning"});
    for (const MethodOption& o : m.options) {
      std::string choices;
      for (const std::string& c : o.choices) choices += (choices.empty() ? " (" : ", ") + c;
      table.row({"  " + o.name, o.fallback, o.doc + choices + (choices.empty() ? "" : ")")});
    }
    table.print();
  }
}

bool is_picture(const fs::path& path) {
  std::string e = path.extension().string();
  std::transform(e.begin(), e.end(), e.begin(), [](unsigned char c) { return std::tolower(c); });
  return e == ".png" || e == ".jpg" || e == ".jpeg";
}

// Pictures that lie in a folder without any order of classes.
std::vector<std::string> loose_pictures(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.is_regular_file() && is_picture(entry.path())) out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

// How pictures become inputs, as the model's own task does it.
TaskInfo preparation(const Compress& c, const OpenedModel& opened) {
  if (!is_detector(opened.model)) return c.pictures.task_info(opened);
  if (!c.pictures.mean.empty() || !c.pictures.std.empty() || c.pictures.resize)
    fail_usage("--mean, --std and --resize are for classifiers; {} is a detector", opened.name);
  return detection_info(opened.model);
}

// Evenly spread over the data, with a seed one at random of each of as many equal parts; prepared as the model says, a
// few at a time.
std::vector<std::vector<Tensor>> calibration_batches(const Compress& c, const Graph& graph, const TaskInfo& info,
                                                     std::size_t samples, std::uint64_t seed) {
  const std::vector<std::string> loose = loose_pictures(c.data);
  const std::unique_ptr<ImageDataset> set = loose.empty() ? open_dataset(c.data, c.split) : nullptr;
  const std::size_t size = set ? set->size() : loose.size();
  require(size > 0, "{} holds no pictures", c.data);
  samples = std::min(samples, size);
  const std::int64_t floats = info.channels * info.height * info.width;
  const Dim& batch = graph.value(graph.inputs()[0]).type.shape[0];
  const auto at_once = static_cast<std::size_t>(batch.fixed() ? std::max<std::int64_t>(batch.value(), 1)
                                                              : std::clamp<std::int64_t>(600'000 / floats, 1, 64));
  RandomStream random(seed, "calibration");
  std::vector<std::vector<Tensor>> batches;
  for (std::size_t begin = 0; begin < samples; begin += at_once) {
    std::vector<Image> images;
    for (std::size_t i = begin; i < std::min(samples, begin + at_once); ++i) {
      const std::size_t first = i * size / samples, part = (i + 1) * size / samples - first;
      const std::size_t at = first + (seed == 0 ? 0 : random.below(static_cast<std::uint32_t>(part)));
      images.push_back(set ? set->get(at) : read_image(loose[at]));
    }
    batches.push_back({info.kind == "detect" ? prepare_detections(images, info) : prepare_images(images, info)});
  }
  return batches;
}

Json cost_json(const Costs& costs, std::uint64_t bytes) {
  return {{"params", costs.params}, {"macs", costs.macs}, {"bytes", bytes}};
}

int run_compress(const Compress& c, const Common& common) {
  if (c.list) {
    list_methods(common);
    return 0;
  }
  if (c.source.model.empty() || c.method.empty())
    fail_usage("compress takes MODEL and METHOD (see: frugal compress --list)");
  if (!c.output.ends_with(".safetensors")) fail_usage("-o {}: end the name in .safetensors", c.output);
  const Method& method = MethodRegistry::instance().get(c.method);
  const MethodOptions options(method.name, method.options, c.settings);
  if (method.needs_data && c.data.empty()) fail_usage("{} needs pictures: --data NAME or a folder", method.name);
  OpenedModel opened = open_model(c.source, common);
  MethodInput input{.options = options, .threads = common.threads};
  if (method.needs_data) {
    const TaskInfo info = preparation(c, opened);
    if (!opened.model.metadata.contains("task")) set_task_info(opened.model, info);
    input.batches = calibration_batches(c, opened.model.graph, info,
                                        static_cast<std::size_t>(options.integer("samples", 1, 1 << 24)), common.seed);
  }
  const Costs before = compute_costs(opened.model.graph);
  MethodResult result = method.run(opened.model, input);
  std::string recipe = method.name;
  for (const std::string& s : c.settings) recipe += " " + s;
  std::string& note = result.model.metadata["recipe"];
  note += (note.empty() ? "" : "; ") + recipe;
  save_model(c.output, result.model);
  const Costs after = compute_costs(result.model.graph);
  const std::uint64_t bytes = fs::file_size(c.output);
  const auto bytes_before = static_cast<std::uint64_t>(before.weight_bytes);
  if (common.json) {
    print_json({{"before", cost_json(before, bytes_before)},
                {"after", cost_json(after, bytes)},
                {"report", Json::parse(result.report)}});
    return 0;
  }
  print("{}\n", result.text);
  print("{} -> {} ({} parameters, {} MACs): {}\n", bytes_text(bytes_before), bytes_text(bytes),
        short_count(after.params), short_count(after.macs), c.output);
  return 0;
}

}  // namespace

FRUGAL_COMMAND(compress) {
  commands.add(
      {.name = "compress",
       .summary = "Make a network cheaper with a method of the literature",
       .help = "Rewrites a model and says what it cost before and after. --list shows the methods and their options.\n"
               "DATA is a data set by name or folder, or a folder of pictures; they are prepared as the model file\n"
               "says. The result is a model file that every command takes.\n"
               "JSON: {before{params, macs, bytes}, after{params, macs, bytes}, report}.",
       .examples =
           "  frugal compress --list\n"
           "  frugal compress model.safetensors ptq --data fashion-mnist -o int8.safetensors\n"
           "  frugal compress model.safetensors ptq --data pictures/ --set calibration=entropy --set float_layers=2 "
           "-o int8.safetensors",
       .define = [](CLI::App& app) -> CommandRun {
         auto c = std::make_shared<Compress>();
         c->source.add_options(app, false);
         app.get_option("MODEL")->required(false);
         app.add_option("METHOD", c->method, "What is done to it, see --list");
         app.add_flag("--list", c->list, "List the methods and their options");
         app.add_option("--data", c->data, "A data set by name, or a folder")->type_name("DATA");
         app.add_option("--split", c->split, "train, val or test (default: train)")->type_name("NAME");
         app.add_option("--set", c->settings, "An option of the method; may be repeated")
             ->type_name("NAME=VALUE")
             ->expected(1)
             ->take_all();
         app.add_option("-o,--output", c->output, "The model file to write")->type_name("OUT.safetensors");
         c->pictures.add_options(app);
         return [c](const Common& common) { return run_compress(*c, common); };
       }});
}

}  // namespace frugal
