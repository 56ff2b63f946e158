#include "methods/adder_quant/groups.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/random.h"

namespace frugal {
namespace {

// The values in order, with sums that give the cost of any interval at once.
class Sorted {
 public:
  explicit Sorted(std::span<const float> values) : order_(values.size()), sum_(1, 0), square_(1, 0) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    // Around their mean, so that little is lost where the sums are subtracted.
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    for (std::size_t at : order_) {
      const double v = static_cast<double>(values[at]) - mean;
      at_.push_back(v);
      value_.push_back(values[at]);
      sum_.push_back(sum_.back() + v);
      square_.push_back(square_.back() + v * v);
    }
  }
  std::size_t size() const { return order_.size(); }
  double operator[](std::size_t i) const { return at_[i]; }
  double variance() const { return cost(0, size()) / static_cast<double>(size()); }
  double mean(std::size_t begin, std::size_t end) const {
    return (sum_[end] - sum_[begin]) / static_cast<double>(end - begin);
  }
  double cost(std::size_t begin, std::size_t end) const {
    if (at_[begin] == at_[end - 1]) return 0;
    const double sum = sum_[end] - sum_[begin];
    return std::max(0.0, square_[end] - square_[begin] - sum * sum / static_cast<double>(end - begin));
  }
  double noise(std::size_t begin, std::size_t end) const {
    return static_cast<double>(end - begin) * value_[end - 1] * value_[end - 1];
  }
  // The group of each value in its own order; `ends`: where the groups end, ascending, the last at size().
  std::vector<int> groups(const std::vector<std::size_t>& ends) const {
    std::vector<int> out(size());
    int group = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      while (i >= ends[static_cast<std::size_t>(group)]) ++group;
      out[order_[i]] = group;
    }
    return out;
  }

 private:
  std::vector<std::size_t> order_;
  std::vector<double> at_, value_, sum_, square_;
};

std::size_t most_groups(std::size_t values, int groups, std::size_t align) {
  return std::min(static_cast<std::size_t>(groups), (values + align - 1) / align);
}

// best[k][late][i]: the first i values in k groups; `late`: the group of odd size is among them. `from`: where the last
// of them begins, and `late` there.
struct State {
  double cost = std::numeric_limits<double>::infinity();
  std::size_t from = 0;
  bool late = false;
};
using Rows = std::array<std::vector<State>, 2>;  // by `late`

template <typename Cost>
void extend(std::size_t n, std::size_t align, const Cost& cost_of, const Rows& before, Rows& after) {
  const std::size_t odd = n % align;
  for (std::size_t late : {0u, 1u})
    for (std::size_t begin = late ? odd : 0; begin < n; begin += align) {
      const State& at = before[late][begin];
      if (std::isinf(at.cost)) continue;
      const auto reach = [&](std::size_t end, std::size_t to) {
        const double cost = at.cost + cost_of(begin, end);
        if (cost < after[to][end].cost) after[to][end] = {cost, begin, late != 0};
      };
      for (std::size_t end = begin + align; end <= n; end += align) reach(end, late);
      if (!late && odd)
        for (std::size_t end = begin + odd; end <= n; end += align) reach(end, 1);
    }
}

// Centres far from those before, chosen with a chance in proportion to the squared distance.
std::vector<double> seed_centres(const Sorted& sorted, std::size_t groups, std::uint64_t seed) {
  RandomStream random(seed, "adder_quant/kmeans");
  std::vector<double> centres{sorted[random.below(static_cast<std::uint32_t>(sorted.size()))]};
  while (centres.size() < groups) {
    std::vector<double> reach;
    double total = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      double nearest = std::numeric_limits<double>::infinity();
      for (double c : centres) nearest = std::min(nearest, (sorted[i] - c) * (sorted[i] - c));
      reach.push_back(total += nearest);
    }
    if (total == 0) break;  // no more distinct values
    const double at = static_cast<double>(random.uniform()) * total;
    const auto found = std::upper_bound(reach.begin(), reach.end(), at);
    centres.push_back(sorted[static_cast<std::size_t>(std::min(found, reach.end() - 1) - reach.begin())]);
  }
  std::sort(centres.begin(), centres.end());
  return centres;
}

// Where the values of each centre end; empty ones are dropped.
std::vector<std::size_t> nearest_ends(const Sorted& sorted, const std::vector<double>& centres) {
  std::vector<std::size_t> ends;
  std::size_t at = 0, begin = 0;
  for (std::size_t c = 0; c < centres.size(); ++c, begin = at) {
    const bool last = c + 1 == centres.size();
    while (at < sorted.size() && (last || sorted[at] <= (centres[c] + centres[c + 1]) / 2)) ++at;
    if (at > begin) ends.push_back(at);
  }
  return ends;
}

std::vector<std::size_t> rounded(const std::vector<std::size_t>& ends, std::size_t align) {
  std::vector<std::size_t> out;
  for (std::size_t end : ends) {
    const bool last = end == ends.back();
    const std::size_t cut = last ? end : (end + align / 2) / align * align;
    if ((last || cut < ends.back()) && cut > (out.empty() ? 0 : out.back())) out.push_back(cut);
  }
  return out;
}

template <typename Cost>
std::vector<int> best_groups(const Sorted& sorted, int groups, int align, const Cost& cost_of) {
  const std::size_t n = sorted.size(), a = static_cast<std::size_t>(align), goal = n % a ? 1 : 0;
  const std::size_t most = most_groups(n, groups, a);
  const std::vector<State> none(n + 1);
  std::vector<Rows> best(most + 1, Rows{none, none});
  best[0][0][0].cost = 0;
  std::size_t chosen = 1;
  const double slack = 1e-12 * cost_of(0, n);
  for (std::size_t k = 1; k <= most; ++k) {
    extend(n, a, cost_of, best[k - 1], best[k]);
    if (best[k][goal][n].cost < best[chosen][goal][n].cost - slack) chosen = k;
  }
  std::vector<std::size_t> ends;
  std::size_t at = n, late = goal;
  for (std::size_t k = chosen; k > 0; --k) {
    ends.push_back(at);
    const State& state = best[k][late][at];
    at = state.from, late = state.late ? 1 : 0;
  }
  std::reverse(ends.begin(), ends.end());
  return sorted.groups(ends);
}

}  // namespace

std::vector<int> group_exact(std::span<const float> values, int groups, int align) {
  FRUGAL_ASSERT(groups > 0 && align > 0);
  if (values.empty()) return {};
  const Sorted sorted(values);
  return best_groups(sorted, groups, align,
                     [&](std::size_t begin, std::size_t end) { return sorted.cost(begin, end); });
}

std::vector<int> group_by_noise(std::span<const float> values, int groups, int align) {
  FRUGAL_ASSERT(groups > 0 && align > 0);
  if (values.empty()) return {};
  const Sorted sorted(values);
  return best_groups(sorted, groups, align,
                     [&](std::size_t begin, std::size_t end) { return sorted.noise(begin, end); });
}

std::vector<int> group_kmeans(std::span<const float> values, int groups, int align, std::uint64_t seed) {
  FRUGAL_ASSERT(groups > 0 && align > 0);
  if (values.empty()) return {};
  constexpr int kIterations = 300;
  constexpr double kTolerance = 1e-4;
  const Sorted sorted(values);
  const auto a = static_cast<std::size_t>(align);
  std::vector<double> centres = seed_centres(sorted, most_groups(sorted.size(), groups, a), seed);
  std::vector<std::size_t> ends;
  for (int i = 0; i < kIterations; ++i) {
    ends = nearest_ends(sorted, centres);
    std::vector<double> means;
    std::size_t begin = 0;
    for (std::size_t end : ends) means.push_back(sorted.mean(begin, end)), begin = end;
    double moved = means.size() == centres.size() ? 0 : std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < std::min(means.size(), centres.size()); ++c)
      moved += (means[c] - centres[c]) * (means[c] - centres[c]);
    centres = std::move(means);
    if (moved <= kTolerance * sorted.variance()) break;
  }
  return sorted.groups(rounded(ends, a));
}

double group_cost(std::span<const float> values, std::span<const int> group) {
  FRUGAL_ASSERT(values.size() == group.size());
  const int groups = group.empty() ? 0 : *std::max_element(group.begin(), group.end()) + 1;
  double cost = 0;
  for (int g = 0; g < groups; ++g) {
    std::vector<double> own;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (group[i] == g) own.push_back(values[i]);
    const double mean =
        std::accumulate(own.begin(), own.end(), 0.0) / std::max<double>(1, static_cast<double>(own.size()));
    for (double v : own) cost += (v - mean) * (v - mean);
  }
  return cost;
}

}  // namespace frugal
