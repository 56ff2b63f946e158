// What a layer's forms in floats and in bytes share.
#pragma once

#include "graph/op.h"

namespace frugal {

// stride, padding, dilation, groups
std::vector<AttrSpec> convolution_attributes();
// Of input 0 [N,C,H,W] with a weight (input 1) [O,C/groups,kh,kw].
SymShape convolution_output(const OpContext& c);
Dim convolution_macs(const OpContext& c);

// Of input 0 with a weight at input `weight`, [out, in], over the last dim.
SymShape linear_output(const OpContext& c, std::size_t weight = 1);

// A weight at input `i`: float32, of 16 bits or block-quantised.
void require_weight_type(const OpContext& c, std::size_t i);

// A bias at input `i`, where it is there: one number a channel.
void require_bias(const OpContext& c, std::size_t i, const Dim& channels);

}  // namespace frugal
