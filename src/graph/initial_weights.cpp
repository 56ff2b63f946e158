#include "graph/initial_weights.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace frugal {
namespace {

void fill(Tensor& t, const Init& init, RandomStream& random) {
  float* p = t.data<float>();
  std::int64_t n = t.numel(), receptive = 1;
  for (int i = 2; i < t.rank(); ++i) receptive *= t.dim(i);
  double fan_in = t.rank() >= 2 ? static_cast<double>(t.dim(1) * receptive) : init.a;
  double fan = init.fan_out ? static_cast<double>(t.rank() >= 1 ? t.dim(0) * receptive : 1) : fan_in;
  auto normal = [&](double deviation, double bound) {
    for (std::int64_t i = 0; i < n; ++i) {
      double v = random.normal();
      while (std::fabs(v) > bound) v = random.normal();
      p[i] = static_cast<float>(v * deviation);
    }
  };
  auto uniform = [&](double bound) {
    for (std::int64_t i = 0; i < n; ++i) p[i] = random.uniform(static_cast<float>(-bound), static_cast<float>(bound));
  };
  switch (init.kind) {
    case Init::Kind::zeros: break;
    case Init::Kind::constant: std::fill(p, p + n, static_cast<float>(init.a)); break;
    case Init::Kind::uniform: uniform(init.a); break;
    case Init::Kind::normal: normal(init.a, 1e9); break;
    case Init::Kind::trunc_normal: normal(init.a, 2); break;
    case Init::Kind::kaiming_normal: normal(init.a / std::sqrt(fan), 1e9); break;
    case Init::Kind::kaiming_uniform: uniform(init.a * std::sqrt(3.0 / fan)); break;
    case Init::Kind::torch_default: uniform(1.0 / std::sqrt(fan_in)); break;
    case Init::Kind::sequence:
      for (std::int64_t i = 0; i < n; ++i) p[i] = static_cast<float>(init.a + static_cast<double>(i));
      break;
  }
}

}  // namespace

Weights initial_weights(const Graph& graph, std::uint64_t seed) {
  Weights weights;
  for (const Value& value : graph.values()) {
    if (value.kind != ValueKind::weight) continue;
    Tensor t(value.type.dtype, fixed_shape(value.type.shape));
    if (value.type.dtype == DType::f32) {
      RandomStream random(seed, "init/" + value.name);
      fill(t, value.init, random);
    } else if (std::optional<Tensor> given = given_constant(value)) {
      t = std::move(*given);
    }
    weights.emplace(value.name, std::move(t));
  }
  return weights;
}

std::optional<Tensor> given_constant(const Value& value) {
  const bool given = value.init.kind == Init::Kind::constant || value.init.kind == Init::Kind::sequence;
  if (value.kind != ValueKind::weight || value.role != WeightRole::constant || !given) return std::nullopt;
  Tensor t(DType::f32, fixed_shape(value.type.shape));
  RandomStream unused(0, "");
  fill(t, value.init, unused);
  return t.to(value.type.dtype);
}

}  // namespace frugal
