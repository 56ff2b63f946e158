#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "cli/gguf.h"
#include "cli/output.h"
#include "formats/file.h"
#include "formats/llama2c.h"
#include "formats/requantise.h"

namespace frugal {
namespace {

std::string type_name(DType type) { return ggml_type_name(*ggml_type(type)); }

DType parse_type(std::string text, std::string_view option) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::vector<std::string> known;
  for (DType type : requantise_types()) {
    if (type_name(type) == text) return type;
    known.push_back(type_name(type));
  }
  fail_usage("{} {}: known types are {}", option, text, join(known, ", "));
}

Gguf read_input(const GgufConversion& c) {
  const std::string kind = std::filesystem::path(c.input).extension().string();
  if (kind == ".bin") {
    if (c.tokenizer.empty())
      fail_usage("{}: a llama2.c checkpoint needs its tokenizer: --tokenizer tokenizer.bin", c.input);
    return read_llama2c(c.input, c.tokenizer);
  }
  if (kind != ".gguf") fail_usage("{}: only .gguf files and llama2.c checkpoints (.bin) become .gguf", c.input);
  if (!c.tokenizer.empty()) fail_usage("--tokenizer goes with a llama2.c checkpoint; {} holds its own", c.input);
  return read_gguf(c.input);
}

// The logits' matrix is kept at six bits at least, as llama.cpp does.
DType output_type(const GgufConversion& c, DType type) {
  if (!c.output_type.empty()) return parse_type(c.output_type, "--output-type");
  const DTypeInfo& info = dtype_info(type);
  const DTypeInfo& six = dtype_info(DType::q6_k);
  const bool below = info.block_bytes * six.block_elements < six.block_bytes * info.block_elements;
  return below ? DType::q6_k : type;
}

void warn_of_losses(const std::vector<Requantised>& report) {
  int lossy = 0;
  for (const Requantised& r : report) lossy += r.from != r.to && dtype_info(r.from).blocks();
  if (lossy) log_warning("{} tensors were quantised before: what that lost does not come back", lossy);
}

Json document_of(const std::vector<Requantised>& report, std::size_t before, std::size_t after) {
  Json document{
      {"ops", Json::array()}, {"unsupported", Json::array()}, {"bytes_before", before}, {"bytes_after", after}};
  document["tensors"] = Json::array();
  for (const Requantised& r : report)
    document["tensors"].push_back({{"name", r.name},
                                   {"shape", r.shape},
                                   {"from", type_name(r.from)},
                                   {"to", type_name(r.to)},
                                   {"bytes", r.bytes_after}});
  return document;
}

void print_report(const std::vector<Requantised>& report) {
  struct Sum {
    int tensors = 0;
    std::size_t before = 0, after = 0;
  };
  std::map<std::pair<DType, DType>, Sum> sums;
  for (const Requantised& r : report) {
    Sum& sum = sums[{r.from, r.to}];
    ++sum.tensors;
    sum.before += r.bytes_before;
    sum.after += r.bytes_after;
  }
  Table table({"from", "to", ">tensors", ">before", ">after"});
  for (const auto& [types, sum] : sums)
    table.row({type_name(types.first), type_name(types.second), std::to_string(sum.tensors), bytes_text(sum.before),
               bytes_text(sum.after)});
  table.print();
}

}  // namespace

int convert_gguf(const GgufConversion& c, const Common& common) {
  if (std::filesystem::path(c.output).extension() != ".gguf")
    fail_usage("{}: a GGUF model is written as .gguf only", c.output);
  if (c.type.empty() && !c.output_type.empty()) fail_usage("--output-type goes with --type");
  std::optional<DType> type;
  if (!c.type.empty()) type = parse_type(c.type, "--type");
  Gguf model = read_input(c);
  std::size_t before = 0, after = 0;
  for (const GgufTensor& t : model.tensors) before += t.tensor.bytes();
  std::vector<Requantised> report;
  if (type) {
    ThreadPool pool(common.threads ? common.threads : available_cores());
    model = naming_file(c.input, [&] { return requantise(model, *type, output_type(c, *type), pool, report); });
    warn_of_losses(report);
  }
  for (const GgufTensor& t : model.tensors) after += t.tensor.bytes();
  write_gguf(c.output, model);
  if (common.json) {
    print_json(document_of(report, before, after));
    return 0;
  }
  if (type) print_report(report);
  print("wrote {} ({})\n", c.output, bytes_text(std::filesystem::file_size(c.output)));
  return 0;
}

}  // namespace frugal
