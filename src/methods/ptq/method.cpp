#include "methods/method.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "methods/ptq/ptq.h"

namespace frugal {
namespace {

PtqSettings settings_of(const MethodInput& input) {
  PtqSettings s;
  s.activations = input.options.text("activations") == "row" ? Activations::row : Activations::tensor;
  const std::string& how = input.options.text("calibration");
  s.calibration = how == "minmax"    ? Calibration::minmax
                  : how == "entropy" ? Calibration::entropy
                                     : Calibration::percentile;
  s.percentile = input.options.number("percentile", 50, 100);
  s.min_snr = input.options.number("min_snr", 0, 200);
  s.float_layers = static_cast<int>(input.options.integer("float_layers", 0, 1 << 20));
  s.threads = input.threads;
  return s;
}

nlohmann::ordered_json to_json(const PtqReport& report, const MethodInput& input, std::int64_t samples) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  std::int64_t floats = 0;
  for (const PtqLayer& l : report.layers) {
    layers.push_back(
        {{"name", l.name}, {"op", l.op}, {"snr_db", l.snr_db}, {"precision", l.float32 ? "float32" : "int8"}});
    floats += l.float32 ? 1 : 0;
  }
  return {{"activations", input.options.text("activations")},
          {"calibration", input.options.text("calibration")},
          {"samples", samples},
          {"int8_layers", static_cast<std::int64_t>(report.layers.size()) - floats},
          {"float_layers", floats},
          {"output_snr_db", report.output_snr_db},
          {"layers", layers}};
}

std::string to_text(const PtqReport& report) {
  std::size_t width = 5;
  for (const PtqLayer& l : report.layers) width = std::max(width, l.name.size());
  std::string out = fmt::format("{:<{}}  {:<7}  {:>6}  precision\n", "layer", width, "op", "SNR dB");
  for (const PtqLayer& l : report.layers)
    out += fmt::format("{:<{}}  {:<7}  {:>6.1f}  {}\n", l.name, width, l.op, l.snr_db, l.float32 ? "float32" : "int8");
  for (double db : report.output_snr_db) out += fmt::format("output of the network: {:.1f} dB\n", db);
  return out;
}

MethodResult run(const Model& model, const MethodInput& input) {
  std::int64_t samples = 0;
  for (const std::vector<Tensor>& batch : input.batches) samples += batch.at(0).dim(0);
  PtqReport report;
  MethodResult out;
  out.model = quantize_model(model, input.batches, settings_of(input), report);
  out.report = to_json(report, input, samples).dump();
  out.text = to_text(report);
  return out;
}

}  // namespace

FRUGAL_METHOD(ptq) {
  registry.add(
      {.name = "ptq",
       .doc = "8-bit weights and activations after training, with exact integer sums; needs pictures to measure "
              "ranges on",
       .options = {{"activations",
                    "tensor",
                    "one scale for all of what a layer reads; or, for linear layers, one for each row (token), "
                    "measured in every run",
                    {"tensor", "row"}},
                   {"calibration", "percentile", "how a range is found", {"minmax", "percentile", "entropy"}},
                   {"percentile", "99.99", "share of the values within the range, in percent"},
                   {"samples", "256", "pictures that are looked at"},
                   {"min_snr", "0", "layers that keep less than so many dB stay in float32"},
                   {"float_layers", "0", "so many of the worst layers stay in float32"}},
       .needs_data = true,
       .run = run});
}

}  // namespace frugal
