// Rewrites that keep what a model computes. Each is idempotent and never raises parameters or MACs.
#pragma once

#include <functional>
#include <vector>

#include "frugal/model.h"

namespace frugal {

// Drops nodes whose results reach no output, and weights that nobody uses.
Model remove_dead_code(const Model& model);

// The model as far as these values need it, which become its outputs, under their names, in place of its own.
Model cut_at(const Model& model, const std::vector<ValueId>& values);

// Folds batch norm, and products and sums with one number for each channel or for all, into the layer before them
// (conv2d, linear; the table in fold_batch_norm.cpp). Batch norm:
//   w' = w * gamma / sqrt(var + eps),   b' = (b - mean) * gamma / sqrt(var + eps) + beta
// in double precision. Left alone where the layer's output or weight has other users, or a tensor is no fp32.
Model fold_batch_norm(const Model& model);

// One convolution for a sum of convolutions of one value, with or without batch norms behind them, and of that value
// itself (with a batch norm or without): structural re-parameterisation (Ding et al., "RepVGG", CVPR 2021). Kernels lie
// within the widest one by their padding, the value itself is a 1 at its centre; sums in double precision. Weights take
// the name of the last addition. Left alone where there are not two layers, strides or groups differ, a kernel does not
// lie within the widest, somebody else reads a branch, or a tensor is no fp32.
Model reparameterize(const Model& model);

// Runs one node on data. Comes from the engine, which stands above the graph.
using NodeEvaluator = std::function<std::vector<Tensor>(const Node&, const std::vector<const Tensor*>& inputs)>;

// Replaces nodes whose inputs are all weights by weights of the output's name.
Model fold_constants(const Model& model, const NodeEvaluator& evaluate);

// One reshape for a chain of them, one transpose for a chain of them; drops what changes nothing at inference
// (also a slice of everything, a pad of nothing, dropout, a concat of one).
Model simplify_shapes(const Model& model);

// Zeros that a pad adds around a picture become padding of the convolution after it.
Model fold_padding(const Model& model);

// One node for several with the same op, attributes and inputs.
Model merge_duplicates(const Model& model);

// What other programs write out becomes one op again (the table in fuse_composites.cpp): silu, mish, softplus,
// leaky_relu, hard_sigmoid, hard_swish, both forms of gelu, layer_norm, rms_norm, and linear from a product with a
// weight and an added bias. Only where nobody else reads a step between, and the numbers are those of the formula to
// 1e-5.
Model fuse_composites(const Model& model);

// softmax(scale q k^T + bias) v becomes one node `attention`: for the engine, other systems know the parts better.
Model fuse_attention(const Model& model);

// All of the above but attention, for inference.
Model simplify(const Model& model, const NodeEvaluator& evaluate);

// 1x1 convolutions run where there are fewer pixels: before a resize that enlarges, also where its result is one part
// of a concat (then the sum of both goes into the store of the other convolution), and behind an average pooling. To
// rounding the same: either is linear, and the weights of a resampling add up to 1.
Model commute_pointwise(const Model& model);

// Does this node go into the store of the layer before it? Comes from the engine.
using StoreTest = std::function<bool(const Node&)>;

// One convolution for several of one value that have kernel, stride, padding and dilation in common, and a split of its
// channels, which the engine makes views of. An activation that all have goes behind the one. Where that pays (few
// results, see merge_siblings.cpp) and no store loses a sum that it would take; left alone further where channels fill
// no whole blocks, others read the weights, or a tensor is no fp32.
Model merge_siblings(const Model& model, const StoreTest& in_store);

}  // namespace frugal
