// Detections drawn into their picture.
#pragma once

#include <span>

#include "frugal/detect.h"
#include "tasks/draw.h"

namespace frugal {

Rgb class_color(int index);  // strong colours, far apart for neighbouring numbers

// Boxes with a dark and a light edge, so that they show on any ground, and a label on a plate of the box's colour.
// The best are drawn last. Labels keep clear of each other where there is room. Line and text grow with the picture.
void draw_detections(Image& image, std::span<const Detection> detections);

}  // namespace frugal
