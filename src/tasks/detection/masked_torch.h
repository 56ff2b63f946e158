// Masked pretraining of convolutional networks (SparK: Tian et al., "Designing BERT for convolutional networks", ICLR
// 2023, arXiv 2301.03580): patches of a picture are hidden, the encoder sees the rest only, and a light decoder says
// what was hidden. Convolutions are dense; their outputs are put to 0 where the picture is hidden.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "train/interpreter.h"

namespace frugal {

inline constexpr std::int64_t kPatch = 32;

// Which patches of a batch are seen: [batch, 1, rows, columns] of 1 (seen) and 0.
class PatchMask {
 public:
  // `hidden`: the share of each picture that is hidden, at random (torch::rand). As SparK does, the number of patches
  // that are seen is rounded.
  void draw(std::int64_t batch, std::int64_t rows, std::int64_t columns, double hidden, torch::Device device);
  const torch::Tensor& seen() const { return seen_; }
  torch::Tensor at(std::int64_t height, std::int64_t width) const;  // the same for a map of this size

 private:
  torch::Tensor seen_;
};

// From now on every convolution and pooling of `net` gives 0 where `mask` hides, and batch norms take their statistics
// from, and change, what is seen.
void hide(Interpreter& net, std::shared_ptr<const PatchMask> mask);
// Only the batch norms whose names begin so.
void hide_norms(Interpreter& net, const std::string& prefix, std::shared_ptr<const PatchMask> mask);

// From the encoder's maps of stride 32, 16, 8, 4 to the picture. Inputs `map0` .. `map3` and `hidden0` .. `hidden3`
// [batch, 1, h, w] (1 where nothing is seen); a learnt token stands there instead. Output `picture` [batch, 3, H, W].
// Batch norms "norm0" .. "norm3" are for hide_norms().
Graph masked_decoder(const std::vector<std::int64_t>& channels, std::int64_t height, std::int64_t width,
                     std::int64_t widest);

// [n, c, H, W] to [n, patches, values], each patch less its mean and by its deviation (unbiased, eps 1e-6).
torch::Tensor normalized_patches(const torch::Tensor& pictures);
// Mean square error over the hidden patches.
torch::Tensor masked_loss(const torch::Tensor& made, const torch::Tensor& pictures, const PatchMask& mask);

}  // namespace frugal
