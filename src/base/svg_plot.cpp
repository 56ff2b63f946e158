#include "base/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/text.h"

namespace frugal {
namespace {

constexpr double kLeft = 56, kRight = 14, kTop = 34, kBottom = 46;

// Colours that people who see no red or green tell apart (Okabe and Ito 2008), and on both grounds.
// No CSS variables: not every viewer knows them; one that does not know the media query shows the light form.
constexpr const char* kStyle =
    "<style>\n"
    "text{font:11px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#57606a}\n"
    ".title{font-size:13px;font-weight:600;fill:#24292f}.head{font-size:15px;font-weight:600;fill:#24292f}\n"
    ".ground{fill:#fff}.grid{stroke:#d8dee4}.axis{stroke:#57606a}.line{fill:none;stroke-width:2;stroke-linejoin:round}"
    "\n"
    ".c0{stroke:#0072b2}.c1{stroke:#e69f00}.c2{stroke:#009e73}.c3{stroke:#d55e00}.c4{stroke:#cc79a7}.c5{stroke:#56b4e9}"
    "\n"
    ".p0{fill:#0072b2}.p1{fill:#e69f00}.p2{fill:#009e73}.p3{fill:#d55e00}.p4{fill:#cc79a7}.p5{fill:#56b4e9}\n"
    "@media (prefers-color-scheme:dark){text{fill:#9198a1}.title,.head{fill:#e6edf3}.ground{fill:#0d1117}"
    ".grid{stroke:#30363d}.axis{stroke:#9198a1}.c0{stroke:#4aa3df}.p0{fill:#4aa3df}}\n"
    "</style>\n";

struct Axis {
  double lo = 0, hi = 1;    // of the scaled values: logarithms where `log`
  double from = 0, to = 1;  // pixels
  bool log = false;
  std::vector<double> ticks{};

  double scaled(double v) const { return log ? (v > 0 ? std::log10(v) : std::numeric_limits<double>::quiet_NaN()) : v; }
  double pixel(double v) const { return from + (scaled(v) - lo) / (hi - lo) * (to - from); }
};

Axis make_axis(const Plot& plot, bool x, double from, double to) {
  Axis axis{.from = from, .to = to, .log = x ? plot.log_x : plot.log_y};
  double lo = std::numeric_limits<double>::infinity(), hi = -lo;
  for (const Series& s : plot.series)
    for (double v : x ? s.x : s.y)
      if (double p = axis.scaled(v); std::isfinite(p)) lo = std::min(lo, p), hi = std::max(hi, p);
  if (lo > hi) lo = 0, hi = 1;
  if (lo == hi) {
    double room = lo == 0 ? 1 : std::fabs(lo) * 0.1;
    lo -= room, hi += room;
  } else if (!x) {
    double room = 0.05 * (hi - lo);
    lo = lo >= 0 && lo < room && !axis.log ? 0 : lo - room;
    hi += room;
  }
  axis.lo = lo, axis.hi = hi;
  axis.ticks = nice_ticks(lo, hi, x ? 6 : 5);
  if (axis.log) {
    std::erase_if(axis.ticks, [](double t) { return t != std::round(t); });
    if (axis.ticks.size() < 2) axis.ticks = nice_ticks(lo, hi, 4);
    for (double& t : axis.ticks) t = std::pow(10, t);
  }
  return axis;
}

class Panel {
 public:
  Panel(const Plot& plot, double left, double top, int width, int height)
      : plot_(plot),
        x_(make_axis(plot, true, left + kLeft, left + width - kRight)),
        y_(make_axis(plot, false, top + height - kBottom, top + kTop)) {}

  std::string draw() {
    axes();
    for (std::size_t i = 0; i < plot_.series.size(); ++i) series(plot_.series[i], i % 6);
    if (plot_.series.size() > 1 || (!plot_.series.empty() && plot_.series[0].name != plot_.title)) legend();
    return out_;
  }

 private:
  template <typename... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void axes() {
    put("<text class=\"title\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x_.from, y_.to - 12, xml_escaped(plot_.title));
    for (double t : y_.ticks) {
      double y = y_.pixel(t);
      put("<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", x_.from, x_.to, y, y);
      put("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.6g}</text>\n", x_.from - 6, y + 4, t);
    }
    for (double t : x_.ticks) {
      double x = x_.pixel(t);
      put("<line class=\"axis\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", x, x, y_.from,
          y_.from + 4);
      put("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.6g}</text>\n", x, y_.from + 16, t);
    }
    put("<line class=\"axis\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", x_.from, x_.to, y_.from,
        y_.from);
    if (!plot_.x_label.empty())
      put("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", (x_.from + x_.to) / 2, y_.from + 32,
          xml_escaped(plot_.x_label));
    if (!plot_.y_label.empty())
      put("<text transform=\"translate({:.1f},{:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n", x_.from - 44,
          (y_.from + y_.to) / 2, xml_escaped(plot_.y_label));
  }

  void series(const Series& s, std::size_t colour) {
    std::string path;
    bool pen_down = false;
    std::size_t drawn = 0;
    for (std::size_t i = 0; i < std::min(s.x.size(), s.y.size()); ++i) {
      double x = x_.pixel(s.x[i]), y = y_.pixel(s.y[i]);
      if (!std::isfinite(x) || !std::isfinite(y)) {
        pen_down = false;
        continue;
      }
      ++drawn;
      if (s.points) put("<circle class=\"p{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", colour, x, y);
      path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", x, y);
      pen_down = true;
      if (drawn == 1) single_ = {x, y};
    }
    if (drawn == 1 && !s.points)
      put("<circle class=\"p{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", colour, single_.first, single_.second);
    if (drawn > 1 && !s.points) put("<path class=\"line c{}\" d=\"{}\"/>\n", colour, path);
  }

  void legend() {
    double x = x_.to, y = y_.to - 12;
    for (std::size_t i = plot_.series.size(); i-- > 0;) {  // right-aligned on the title's line
      const std::string& name = plot_.series[i].name;
      double text = 6.2 * static_cast<double>(name.size());
      put("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", x, y, xml_escaped(name));
      put("<line class=\"line c{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", i % 6, x - text - 18,
          x - text - 4, y - 4, y - 4);
      x -= text + 28;
      if (x < x_.from + 90) x = x_.to, y += 14;
    }
  }

  const Plot& plot_;
  Axis x_, y_;
  std::string out_;
  std::pair<double, double> single_;
};

}  // namespace

std::vector<double> nice_ticks(double lo, double hi, int count) {
  if (!(hi > lo) || count < 1) return {lo};
  const double raw = (hi - lo) / count, power = std::pow(10, std::floor(std::log10(raw)));
  const double fraction = raw / power;
  const double step = power * (fraction < 1.5 ? 1 : fraction < 3 ? 2 : fraction < 7 ? 5 : 10);
  std::vector<double> ticks{};
  for (double k = std::ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; ++k)
    ticks.push_back(k == 0 ? 0 : k * step);
  return ticks;
}

std::string svg_plots(const std::vector<Plot>& plots, const std::string& title, int width, int height) {
  const int top = title.empty() ? 0 : 34, all = width * static_cast<int>(std::max<std::size_t>(plots.size(), 1));
  std::string out =
      fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n",
                  all, height + top);
  out += kStyle;
  out += "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n";
  if (top) out += fmt::format("<text class=\"head\" x=\"{}\" y=\"24\">{}</text>\n", kLeft, xml_escaped(title));
  for (std::size_t i = 0; i < plots.size(); ++i)
    out += Panel(plots[i], static_cast<double>(i) * width, top, width, height).draw();
  return out + "</svg>\n";
}

}  // namespace frugal
