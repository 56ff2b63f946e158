// What convolutions and poolings share: sizes of windows and paddings along the spatial axes.
#pragma once

#include "formats/onnx/importer.h"

namespace frugal::onnx_import {

struct Windows {
  Ints kernel, stride, dilation;
  Ints pads;  // before each axis, then after each
};

// The attributes of a node over `kernel.size()` spatial axes; auto_pad is worked out from the sizes in `x` [N, C, ...].
Windows windows_of(ImportNode& node, Ints kernel, const SymShape& x);

// A picture of one axis becomes one of two, with height 1; [N,C,L] -> [N,C,1,L].
ValueId as_picture(ImportNode& node, ValueId x);
Windows as_picture(Windows windows);
// The last node of such a converter: back to one axis, under the node's name.
void picture_result(ImportNode& node, std::string_view op, std::vector<ValueId> inputs, Attrs attrs, bool one_axis);

// top, left, bottom, right
inline Attr padding_of(const Windows& w) { return Attr(Ints{w.pads[0], w.pads[1], w.pads[2], w.pads[3]}); }

}  // namespace frugal::onnx_import
