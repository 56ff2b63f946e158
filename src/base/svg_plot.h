// Line plots as SVG: panels side by side, axes with round ticks, a legend; readable on light and dark ground.
#pragma once

#include <string>
#include <vector>

namespace frugal {

struct Series {
  std::string name{};
  std::vector<double> x{}, y{};  // of equal length; points that are not finite leave a gap
  bool points = false;           // marks without lines
};

struct Plot {
  std::string title{};
  std::string x_label{}, y_label{};
  std::vector<Series> series{};
  bool log_x = false, log_y = false;  // base 10; points that are not above 0 leave a gap
};

// One row of panels under a common title (none if empty), each `width` x `height` pixels.
std::string svg_plots(const std::vector<Plot>& plots, const std::string& title = "", int width = 380, int height = 300);

// Round numbers inside [lo, hi], about `count` of them: steps of 1, 2 or 5 times a power of ten.
std::vector<double> nice_ticks(double lo, double hi, int count);

}  // namespace frugal
