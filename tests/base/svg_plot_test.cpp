#include "base/svg_plot.h"

#include <gtest/gtest.h>

#include <limits>

namespace frugal {
namespace {

TEST(SvgPlot, TicksAreRound) {
  EXPECT_EQ(nice_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(nice_ticks(1, 8, 4), (std::vector<double>{2, 4, 6, 8}));
  std::vector<double> small = nice_ticks(0.0713, 0.0729, 4);
  ASSERT_EQ(small.size(), 3u);
  EXPECT_NEAR(small[0], 0.0715, 1e-9);
  EXPECT_EQ(nice_ticks(-1, 1, 2), (std::vector<double>{-1, 0, 1}));
  EXPECT_EQ(nice_ticks(3, 3, 5).size(), 1u);
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size()) ++n;
  return n;
}

TEST(SvgPlot, DrawsALineForEverySeriesAndBreaksItAtGaps) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Plot plot{.title = "Loss", .x_label = "epoch"};
  plot.series = {{.name = "train loss", .x = {1, 2, 3, 4}, .y = {2, nan, 1, 0.5}},
                 {.name = "test <loss>", .x = {1, 2}, .y = {3, 2}}};
  std::string svg = svg_plots({plot}, "a & b");
  EXPECT_EQ(count(svg, "class=\"line c0\" d="), 1u);
  EXPECT_EQ(count(svg, "class=\"line c1\" d="), 1u);
  std::string path = svg.substr(svg.find("class=\"line c0\" d="));
  EXPECT_EQ(count(path.substr(0, path.find("/>")), "M"), 2u) << "the gap starts a new piece";
  EXPECT_NE(svg.find("a &amp; b"), std::string::npos);
  EXPECT_NE(svg.find("test &lt;loss&gt;"), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(SvgPlot, DrawsAPointWhereThereIsOnlyOne) {
  Plot plot{.title = "x", .series = {{.name = "one", .x = {1}, .y = {5}}}};
  EXPECT_EQ(count(svg_plots({plot}), "<circle"), 1u);
  EXPECT_EQ(svg_plots({Plot{.title = "empty"}}).find("nan"), std::string::npos);
}

TEST(SvgPlot, LogAxisHasPowersOfTen) {
  Plot plot{.title = "x", .series = {{.name = "s", .x = {1, 2, 3}, .y = {1, 100, 10000}}}, .log_y = true};
  std::string svg = svg_plots({plot});
  for (const char* tick : {">1<", ">100<", ">10000<"}) EXPECT_NE(svg.find(tick), std::string::npos) << tick;
}

}  // namespace
}  // namespace frugal
