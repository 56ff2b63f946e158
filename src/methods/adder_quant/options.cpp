#include "methods/adder_quant/options.h"

#include "base/check.h"

namespace frugal {

std::vector<MethodOption> adder_quant_options() {
  return {{"bits", "8", "of weights and activations, 2 to 8"},
          {"groups", "4", "scales of a layer at most: kernels of similar size share one"},
          {"cluster",
           "exact",
           "how groups are found: the closest reaches, the least noise of rounding, or as in the paper",
           {"exact", "noise", "kmeans"}},
          {"align", "4", "sizes of groups are multiples of it, which fills the kernel's lanes; the paper's is 1"},
          {"clamp",
           "unsigned",
           "weights beyond the inputs' range are cut without loss: to [0, A], to [-A, A] as in the paper, or with loss",
           {"unsigned", "signed", "none"}},
          {"restore", "on", "adds what inputs exceed a group's range by; the paper's is off", {"on", "off"}},
          {"limit", "on", "inputs are cut at the range that alpha gives", {"on", "off"}},
          {"alpha", "0.9997", "share of the inputs that a range keeps; 1: all, no outliers"},
          {"batch_norm",
           "shift",
           "statistics of batch norms: moved as quantising moves them, measured anew, or the old ones",
           {"shift", "reestimate", "keep"}},
          {"scheme",
           "redistribution",
           "the paper's, or the baseline QSSF: one power-of-two scale a layer, no compensation",
           {"redistribution", "qssf"}},
          {"range", "activations", "what the scale of qssf covers", {"activations", "weights"}},
          {"seed", "1", "of kmeans"},
          {"samples", "2048", "pictures that are looked at"}};
}

AdderQuantSettings read_adder_quant_settings(const MethodOptions& options) {
  AdderQuantSettings s;
  AdderGridSettings& g = s.grid;
  g.bits = static_cast<int>(options.integer("bits", 2, 8));
  g.groups = static_cast<int>(options.integer("groups", 1, 256));
  g.align = static_cast<int>(options.integer("align", 1, 4096));
  const std::string& cluster = options.text("cluster");
  g.clustering = cluster == "exact" ? Clustering::exact : cluster == "noise" ? Clustering::noise : Clustering::kmeans;
  const std::string& clamp = options.text("clamp");
  g.clamp = clamp == "unsigned" ? WeightClamp::above0 : clamp == "signed" ? WeightClamp::both : WeightClamp::lost;
  g.restore = options.text("restore") == "on";
  g.limit = options.text("limit") == "on";
  g.seed = static_cast<std::uint64_t>(options.integer("seed", 0, INT64_MAX));
  s.samples = options.integer("samples", 1, 1 << 24);
  s.alpha = options.number("alpha", 0.5, 1);
  const std::string norms = options.text("batch_norm");
  s.batch_norm = norms == "keep"    ? BatchNormStatistics::keep
                 : norms == "shift" ? BatchNormStatistics::shift
                                    : BatchNormStatistics::reestimate;
  if (options.text("scheme") == "qssf") {
    for (const char* name : {"groups", "cluster", "align", "clamp", "restore"})
      if (options.given(name))
        fail_usage("{} does not go with scheme=qssf, which has one scale a layer and compensates nothing", name);
    g.shared = true;
    g.by_weight = options.text("range") == "weights";
    g.clamp = WeightClamp::lost;
    g.restore = false;
  } else if (options.given("range")) {
    fail_usage("range goes with scheme=qssf only");
  }
  return s;
}

}  // namespace frugal
