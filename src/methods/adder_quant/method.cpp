#include "methods/method.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/text.h"
#include "methods/adder_quant/options.h"

namespace frugal {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const AdderLayerReport& l) {
  Json groups = Json::array();
  for (std::size_t g = 0; g < l.ranges.size(); ++g)
    groups.push_back({{"range", l.ranges[g]}, {"kernels", l.kernels[g]}});
  return {{"name", l.name},   {"input_range", l.input.magnitude}, {"signed", l.input.negative},
          {"groups", groups}, {"weights_outside", l.cut},         {"snr_db", l.snr_db}};
}

Json to_json(const AdderQuantReport& report, const MethodInput& input, std::int64_t samples) {
  Json layers = Json::array(), settings = Json::object();
  for (const AdderLayerReport& l : report.layers) layers.push_back(to_json(l));
  for (const MethodOption& o : adder_quant_options()) settings[o.name] = input.options.text(o.name);
  const AdderEnergy& e = report.energy;
  return {{"settings", settings},
          {"samples", samples},
          {"float_bytes", report.float_bytes},
          {"bytes", report.bytes},
          {"output_snr_db", report.output_snr_db},
          {"energy_microjoules",
           {{"float_conv", e.float_conv},
            {"int8_conv", e.int8_conv},
            {"float_adder", e.float_adder},
            {"quantized_adder", e.taps},
            {"quantized_adder_scales", e.scales}}},
          {"layers", layers}};
}

std::string to_text(const AdderQuantReport& report) {
  std::size_t width = 5;
  for (const AdderLayerReport& l : report.layers) width = std::max(width, l.name.size());
  std::string out = fmt::format("{:<{}}  {:>8}  {:>7}  {:>6}  range x kernels of each group\n", "layer", width,
                                "|x| up to", "outside", "SNR dB");
  bool any_signed = false;
  for (const AdderLayerReport& l : report.layers) {
    std::string groups;
    for (std::size_t g = 0; g < l.ranges.size(); ++g)
      groups += fmt::format("{}{:.3g} x {}", g ? ", " : "", l.ranges[g], l.kernels[g]);
    out += fmt::format("{:<{}}  {:>8.3f}{} {:>6.1f}%  {:>6.1f}  {}\n", l.name, width, l.input.magnitude,
                       l.input.negative ? "*" : " ", 100 * l.cut, l.snr_db, groups);
    any_signed = any_signed || l.input.negative;
  }
  if (any_signed) out += "* has negative inputs: one signed scale over the whole range\n";
  for (double db : report.output_snr_db) out += fmt::format("output of the network: {:.1f} dB\n", db);
  const AdderEnergy& e = report.energy;
  out += fmt::format("weights: {:.1f} KB -> {:.1f} KB\n", static_cast<double>(report.float_bytes) / 1e3,
                     static_cast<double>(report.bytes) / 1e3);
  out += fmt::format(
      "predicted energy a picture at 45 nm, microjoules: float convolutions {:.3g}, int8 convolutions {:.3g}, float "
      "adders {:.3g}, these {:.3g} and {:.2g} for scaling their inputs\n",
      e.float_conv, e.int8_conv, e.float_adder, e.taps, e.scales);
  return out;
}

MethodResult run(const Model& model, const MethodInput& input) {
  std::int64_t samples = 0;
  for (const std::vector<Tensor>& batch : input.batches) samples += batch.at(0).dim(0);
  AdderQuantSettings settings = read_adder_quant_settings(input.options);
  settings.threads = input.threads;
  AdderQuantReport report;
  MethodResult out;
  out.model = quantize_adder_network(model, input.batches, settings, report);
  out.report = to_json(report, input, samples).dump();
  out.text = to_text(report);
  return out;
}

}  // namespace

FRUGAL_METHOD(adder_quant) {
  registry.add({.name = "adder_quant",
                .doc = "2 to 8 bits for a trained network of adder layers (Nie et al. 2022); needs pictures to measure "
                       "ranges on",
                .options = adder_quant_options(),
                .needs_data = true,
                .run = run});
}

}  // namespace frugal
