// Gold-YOLO (Wang, He, Nie, Guo, Liu, Wang, Han, NeurIPS 2023, arXiv 2309.11331), names of huawei-noah's release; the
// backbone and the head are those of YOLOv6 3.0. In place of a pyramid, all levels are gathered, fused once and given
// back to every level, first at stride 16 (Low-GD), then at stride 64 (High-GD).
// Output `rows` [batch, cells, 4 + classes]: centre, width and height in pixels, class probabilities; levels of stride
// 8, 16, 32, row by row.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "graph/builder.h"
#include "models/registry.h"

namespace frugal::gold_yolo {

constexpr std::int64_t kBins = 17;               // of the distance from a cell's centre to one side of its box
constexpr double kEps = 1e-3, kMomentum = 0.03;  // of batch norms, except in injection and transformer (PyTorch's)
constexpr double kDropPath = 0.1;                // of the transformer's last block; rises from 0
constexpr std::int64_t kAnchors = 3;             // of a cell, for the heads with anchors
constexpr Init kTorch{Init::Kind::torch_default, 0, false};

struct Family {
  double width;
  std::array<std::int64_t, 4> stages;  // repeats of stages 2 to 5
  std::int64_t neck;                   // repeats behind every injection
  std::int64_t low;                    // channels of the fusion at stride 16
  std::int64_t heads = 4, depths = 2;  // of the transformer
  double split = 0;                    // share of the channels in BepC3 blocks; 0: plain rows of blocks
  bool silu = false;                   // 3x3 convolution, batch norm, SiLU in place of RepVGG blocks
  bool csp_pooling = true;             // SimCSPSPPF, else SPPF
  bool n5_from_n4 = true;              // what is gathered for the last level, else from p4
};

enum class Act { none, relu, silu };

class GoldYolo {
 public:
  GoldYolo(const Family& family, const ModelOptions& options) : f_(family), o_(options) {}

  Graph build();

 private:
  std::int64_t channels(std::int64_t of_large) const {  // rounded up to a multiple of 8
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(of_large) * f_.width / 8)) * 8;
  }
  std::int64_t height(ValueId x) const { return b_.dim(x, 2).value(); }
  std::int64_t width(ValueId x) const { return b_.dim(x, 3).value(); }
  ValueId concat(std::vector<ValueId> parts, const std::string& name = "", int axis = 1) {
    return b_.op("concat", std::move(parts), {{"axis", axis}}, name);
  }
  ValueId act(const std::string& name, ValueId x, Act act) {
    return act == Act::none ? x : b_.op(act == Act::relu ? "relu" : "silu", {x}, {}, name);
  }
  Act block_act() const { return f_.silu ? Act::silu : Act::relu; }
  // Sizes: average of windows, and bilinear; both leave a map alone that has the size already.
  ValueId pooled(ValueId x, std::int64_t h, std::int64_t w);
  ValueId enlarged(ValueId x, std::int64_t h, std::int64_t w);

  ValueId conv_norm(const std::string& name, ValueId x, const ConvOptions& options, double eps, double momentum);
  ValueId conv(const std::string& name, ValueId x, std::int64_t out, std::int64_t kernel, Act act);
  ValueId block(const std::string& name, ValueId x, std::int64_t out, std::int64_t stride = 1);
  ValueId bottle_rep(const std::string& name, ValueId x);
  ValueId stage(const std::string& name, ValueId x, std::int64_t out, std::int64_t repeats);
  ValueId pooling_block(const std::string& name, ValueId x);
  std::vector<ValueId> backbone(ValueId x);

  const std::string& option(const std::string& name) const { return o_.extra.find(name)->second; }

  ValueId fuse_levels(const std::string& name, ValueId fine, ValueId same, ValueId coarse, std::int64_t out);
  ValueId inject(const std::string& name, ValueId local, ValueId global);
  ValueId injected(const std::string& name, ValueId local, ValueId global);
  std::pair<ValueId, ValueId> low_global(const std::vector<ValueId>& c);
  ValueId drop_path(ValueId x, double rate);
  ValueId attention(const std::string& name, ValueId x);
  ValueId mlp(const std::string& name, ValueId x);
  std::pair<ValueId, ValueId> high_global(ValueId p3, ValueId p4, ValueId c5);
  std::vector<ValueId> neck(const std::vector<ValueId>& c);
  std::vector<ValueId> top_down(const std::vector<ValueId>& c);

  ValueId prediction(const std::string& name, ValueId x, std::int64_t out, double bias, const std::string& value);
  ValueId expectation(ValueId bins);
  void head(const std::vector<ValueId>& levels);
  void anchor_outputs(const std::vector<std::pair<ValueId, ValueId>>& levels);
  ValueId rows(const std::string& name, const std::vector<ValueId>& sides, ValueId scores,
               const std::vector<ValueId>& levels);

  const Family f_;
  const ModelOptions& o_;
  GraphBuilder b_{"gold_yolo"};
};

}  // namespace frugal::gold_yolo
