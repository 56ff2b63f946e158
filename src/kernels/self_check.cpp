#include "kernels/self_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/check.h"
#include "base/random.h"
#include "frugal/tensor.h"
#include "kernels/attend.h"
#include "kernels/block_linear.h"
#include "kernels/byte_adder.h"
#include "kernels/conv2d.h"
#include "kernels/gemm.h"
#include "kernels/int8.h"
#include "tensor/block_types.h"

namespace frugal {
namespace {

using Values = std::vector<float>;

struct Checker {
  const KernelTable& table;
  const KernelTable& reference = kernels(Isa::scalar);
  RandomStream random;
  ThreadPool pool{1};
  std::vector<KernelCheck> checks{};

  std::int64_t size(std::int64_t low, std::int64_t high) {
    return low + random.below(static_cast<std::uint32_t>(high - low + 1));
  }
  Values values(std::int64_t n) {
    Values out(static_cast<std::size_t>(n));
    for (float& v : out) v = random.uniform(-1, 1);
    return out;
  }

  void compare(const std::string& name, double tolerance, const Values& got, const Values& want) {
    auto found = std::find_if(checks.begin(), checks.end(), [&](const KernelCheck& c) { return c.name == name; });
    KernelCheck& check = found == checks.end() ? checks.emplace_back(KernelCheck{name, 0, tolerance, 0}) : *found;
    ++check.cases;
    for (std::size_t i = 0; i < want.size(); ++i) {
      double error = std::fabs(static_cast<double>(got[i]) - want[i]) / (1 + std::fabs(want[i]));
      check.error = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(check.error, error);
    }
  }

  // Runs `body` with each table and compares what it returns.
  void both(const std::string& name, double tolerance, const std::function<Values(const KernelTable&)>& body) {
    compare(name, tolerance, body(table), body(reference));
  }

  void gemm();
  void elementwise();
  void rows();
  void convolution(const Conv2dShape& shape);
  void bytes(const Conv2dShape& shape);
  void adder(const Conv2dShape& shape);
  void pooling();
  void blocks(DType type);
  void attention(CacheType type, std::string_view called);
};

void Checker::gemm() {
  for (int i = 0; i < 6; ++i) {
    std::int64_t m = size(1, 70), n = size(1, 90), k = size(1, 200);
    Values a = values(m * k), b = values(k * n), bias = values(n);
    bool transposed = i % 2 == 1;
    both("gemm", 2e-5, [&](const KernelTable& t) {
      Values packed(static_cast<std::size_t>(gemm_packed_floats(t, n, k)));
      Values scratch(static_cast<std::size_t>(gemm_scratch_floats(t, k, 1))), c(static_cast<std::size_t>(m * n));
      gemm_pack(t, pool, n, k, b.data(), transposed ? k : n, transposed, packed.data());
      Epilogue epilogue;
      epilogue.bias = bias.data();
      epilogue.activation.kind = Activation::relu;
      gemm_run(t, pool, {m, n, k, a.data(), k, packed.data(), c.data(), n, epilogue, false}, scratch.data());
      return c;
    });
  }
}

void Checker::elementwise() {
  constexpr std::pair<Activation, const char*> kinds[] = {
      {Activation::relu, "relu"}, {Activation::sigmoid, "sigmoid"},
      {Activation::silu, "silu"}, {Activation::hard_swish, "hard_swish"},
      {Activation::gelu, "gelu"}, {Activation::tanh, "tanh"},
      {Activation::exp, "exp"}};
  std::int64_t n = size(100, 300);
  Values a = values(n), b = values(n);
  for (float& v : b) v = v < 0 ? v - 0.5f : v + 0.5f;  // a divisor
  for (float& v : a) v *= 8;
  for (auto [kind, name] : kinds)
    both(name, 1e-5, [&, kind = kind](const KernelTable& t) {
      Values out(a.size());
      t.activate(n, a.data(), out.data(), {kind, 0, 0, nullptr});
      return out;
    });
  for (Binary op : {Binary::add, Binary::sub, Binary::mul, Binary::div, Binary::min, Binary::max})
    both("binary", 1e-6, [&](const KernelTable& t) {
      Values out(a.size());
      t.binary(op, Operand::full, n, a.data(), b.data(), out.data());
      return out;
    });
}

void Checker::rows() {
  std::int64_t count = size(1, 5), n = size(3, 150);
  Values in = values(count * n), gamma = values(n), beta = values(n);
  both("softmax", 1e-5, [&](const KernelTable& t) {
    Values out(in.size());
    t.softmax(count, n, in.data(), out.data());
    return out;
  });
  both("layer_norm", 1e-4, [&](const KernelTable& t) {
    Values out(in.size());
    t.layer_norm(count, n, in.data(), gamma.data(), beta.data(), 1e-5f, out.data());
    return out;
  });
}

Values to_layout(const KernelTable& t, const Values& plain, std::int64_t channels, std::int64_t pixels, bool blocked) {
  if (!blocked) return plain;
  Values out(static_cast<std::size_t>(blocked_floats(t, channels, pixels)));
  t.to_blocked(channels, pixels, plain.data(), out.data(), 0, (channels + t.channel_block - 1) / t.channel_block);
  return out;
}

Values run_conv(const Conv2dPlan& plan, ThreadPool& pool, const Values& in, const Values& weights, const Values& bias) {
  const Conv2dShape& s = plan.shape;
  const KernelTable& t = *plan.table;
  std::int64_t pixels = s.out_h * s.out_w;
  Values input = to_layout(t, in, s.in_c, s.in_h * s.in_w, plan.blocked_input());
  Values packed(static_cast<std::size_t>(conv2d_packed_floats(plan)));
  Values scratch(static_cast<std::size_t>(conv2d_scratch_floats(plan, 1)));
  Values out(static_cast<std::size_t>(plan.blocked_output() ? blocked_floats(t, s.out_c, pixels) : s.out_c * pixels));
  conv2d_pack(plan, weights.data(), packed.data());
  Epilogue epilogue;
  epilogue.bias = bias.data();
  conv2d_run(plan, pool, input.data(), packed.data(), out.data(), epilogue, scratch.data());
  if (!plan.blocked_output()) return out;
  Values plain(static_cast<std::size_t>(s.out_c * pixels));
  t.to_plain(s.out_c, pixels, out.data(), plain.data(), 0, (s.out_c + t.channel_block - 1) / t.channel_block);
  return plain;
}

void Checker::convolution(const Conv2dShape& shape) {
  Values in = values(shape.in_c * shape.in_h * shape.in_w), bias = values(shape.out_c);
  Values weights = values(shape.out_c * (shape.in_c / shape.groups) * shape.kernel_h * shape.kernel_w);
  Values want = run_conv({&reference, shape, ConvAlgorithm::direct}, pool, in, weights, bias);
  for (ConvAlgorithm algorithm : conv2d_algorithms(table, shape)) {
    bool winograd = algorithm == ConvAlgorithm::winograd_2 || algorithm == ConvAlgorithm::winograd_4;
    compare("conv " + std::string(name(algorithm)), winograd ? 2e-4 : 2e-5,
            run_conv({&table, shape, algorithm}, pool, in, weights, bias), want);
  }
}

void Checker::pooling() {
  std::int64_t h = size(5, 20), w = size(5, 20), channels = size(1, 6);
  Values in = values(channels * h * w);
  for (Pool kind : {Pool::max, Pool::average})
    both(kind == Pool::max ? "max pool" : "average pool", 1e-6, [&](const KernelTable& t) {
      PoolArgs args{kind, 1, channels,  h,      w, (h + 2 - 3) / 2 + 1, (w + 2 - 3) / 2 + 1, 3, 3, 2, 2, 1, 1, 1, 1, 1,
                    1,    1, in.data(), nullptr};
      Values out(static_cast<std::size_t>(channels * args.out_h * args.out_w));
      args.out = out.data();
      t.pool(args, 0, channels * args.out_h);
      return out;
    });
}

// Sums of bytes as floats: equal to the last bit.
void Checker::bytes(const Conv2dShape& shape) {
  auto random_bytes = [&](std::int64_t n) {
    std::vector<std::uint8_t> out(static_cast<std::size_t>(n));
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(random.below(256));
    return out;
  };
  const std::vector<std::uint8_t> in = random_bytes(shape.in_w * shape.in_c),
                                  weights = random_bytes(shape.out_c * shape.in_c);
  const Values ones(static_cast<std::size_t>(shape.out_c + 64), 1), zeros(ones.size());
  both(fmt::format("int8 {}", table.int8.dense.instruction), 0, [&](const KernelTable& t) {
    const Int8Plan plan{&t, shape, true, 121};
    const std::vector<std::uint8_t> packed = int8_pack(plan, reinterpret_cast<const std::int8_t*>(weights.data()));
    std::vector<std::uint8_t> scratch(static_cast<std::size_t>(int8_scratch_bytes(plan, 1)));
    Values out(static_cast<std::size_t>(shape.out_w * shape.out_c));
    int8_run(plan, pool, in.data(), packed.data(), out.data(), {.multiplier = ones.data(), .bias = zeros.data()},
             scratch.data());
    return out;
  });
}

void Checker::adder(const Conv2dShape& shape) {
  std::vector<std::uint8_t> group(static_cast<std::size_t>(shape.out_c)),
      v(static_cast<std::size_t>(shape.out_c * shape.in_c * shape.kernel_h * shape.kernel_w));
  for (std::uint8_t& g : group) g = static_cast<std::uint8_t>(random.below(2));
  for (std::uint8_t& b : v) b = static_cast<std::uint8_t>(random.below(256));
  const Values x = values(shape.in_c * shape.in_h * shape.in_w), inverse{255.0f, 301.0f}, ones(group.size(), 1),
               zeros(group.size());
  both("byte adder", 0, [&](const KernelTable& t) {
    const ByteAdderPlan plan = byte_adder_plan(t, shape, group, 2);
    std::vector<std::uint8_t> packed(static_cast<std::size_t>(plan.weight_bytes));
    byte_adder_pack(plan, v.data(), 0, packed.data());
    Tensor scratch(DType::u8, {byte_adder_scratch_bytes(plan, false)});
    Values y(static_cast<std::size_t>(shape.out_c * shape.out_h * shape.out_w));
    const ByteAdderPass pass(
        plan, {x.data(), {inverse.data(), 255, 0, 0}, false, packed.data(), ones.data(), zeros.data(), y.data(), {}},
        scratch.raw());
    pass.planes(0, pass.rows());
    pass.restore(0, pass.restored_rows());
    pass.sums(0, pass.items());
    return y;
  });
}

// Linear layers of a language model, with inputs as they are and rounded to 8 bits: equal to the last bit.
void Checker::blocks(DType type) {
  const std::int64_t n = size(1, 70), k = 256, rows = size(1, 40);
  const std::size_t row_bytes = byte_size(type, {k});
  const Values x = values(rows * k), w = values(n * k);
  std::vector<std::uint8_t> weights(static_cast<std::size_t>(n) * row_bytes);
  for (std::int64_t i = 0; i < n; ++i)
    quantize_row(type, w.data() + i * k, k, weights.data() + static_cast<std::size_t>(i) * row_bytes);
  for (bool quantized : {false, true})
    both(fmt::format("linear {}", frugal::name(type)), 0, [&](const KernelTable& t) {
      const BlockLinearPlan plan{&block_linear_table(t.isa), type, n, k};
      Tensor packed(DType::u8, {block_packed_bytes(plan)}),
          scratch(DType::u8, {block_linear_scratch_bytes(rows, k, 1)});
      block_pack(plan, pool, weights.data(), packed.data<std::uint8_t>());
      Values out(static_cast<std::size_t>(rows * n));
      const BlockLinearOutput layer{plan, packed.data<std::uint8_t>(), out.data(), {}};
      block_linear_run(pool, rows, k, x.data(), quantized, {&layer, 1}, scratch.data<std::uint8_t>());
      return out;
    });
}

// A few queries over the pages of a chunk, which the table has written itself.
void Checker::attention(CacheType type, std::string_view called) {
  const std::int64_t depth = size(1, 130), stride = value_stride(depth);
  const int rows = static_cast<int>(size(1, kAttendRows)), cells = static_cast<int>(size(rows, kChunkCells));
  const Values q = values(rows * depth), k = values(cells * depth), v = values(cells * depth);
  both(fmt::format("attention {}", called), 1e-4, [&](const KernelTable& t) {
    const auto key_bytes = static_cast<std::int64_t>(key_page_bytes(type, depth)),
               value_bytes = static_cast<std::int64_t>(value_page_bytes(type, depth));
    Tensor keys(DType::u8, {kChunkPages, key_bytes}), held(DType::u8, {kChunkPages, value_bytes});
    std::vector<const std::byte*> key_pages, value_pages;
    for (std::int64_t page = 0; page < kChunkPages; ++page) {
      key_pages.push_back(static_cast<std::byte*>(keys.raw()) + page * key_bytes);
      value_pages.push_back(static_cast<std::byte*>(held.raw()) + page * value_bytes);
    }
    for (int cell = 0; cell < cells; ++cell) {
      const auto page = static_cast<std::size_t>(cell / kPageCells);
      t.attend.store_keys(type, depth, k.data() + cell * depth, const_cast<std::byte*>(key_pages[page]),
                          cell % kPageCells);
      t.attend.store_values(type, depth, v.data() + cell * depth, const_cast<std::byte*>(value_pages[page]),
                            cell % kPageCells);
    }
    std::vector<int> first(static_cast<std::size_t>(rows), 0), last;
    for (int row = 0; row < rows; ++row) last.push_back(cells - rows + 1 + row);  // drafts of one sequence
    Values scores(static_cast<std::size_t>(kAttendRows * kChunkCells)), out(static_cast<std::size_t>(rows * stride)),
        total(static_cast<std::size_t>(rows)), largest(total.size(), -std::numeric_limits<float>::infinity());
    t.attend.attend({type, rows, depth, depth, q.data(), key_pages.data(), value_pages.data(), first.data(),
                     last.data(), nullptr, 0, scores.data(), largest.data(), total.data(), out.data()});
    for (int row = 0; row < rows; ++row)
      for (std::int64_t d = 0; d < stride; ++d) {
        float& value = out[static_cast<std::size_t>(row * stride + d)];
        value = d < depth ? value / total[static_cast<std::size_t>(row)] : 0;  // behind the depth is what may be
      }
    return out;
  });
}

Conv2dShape conv_shape(std::int64_t in_c, std::int64_t out_c, std::int64_t height, std::int64_t width,
                       std::int64_t kernel, std::int64_t stride, std::int64_t groups) {
  Conv2dShape s;
  s.in_c = in_c, s.out_c = out_c, s.in_h = height, s.in_w = width, s.groups = groups;
  s.kernel_h = s.kernel_w = kernel;
  s.stride_h = s.stride_w = stride;
  s.pad_top = s.pad_left = kernel / 2;
  s.out_h = conv_out_size(height, 2 * (kernel / 2), kernel, stride, 1);
  s.out_w = conv_out_size(width, 2 * (kernel / 2), kernel, stride, 1);
  return s;
}

}  // namespace

std::vector<KernelCheck> check_kernels(Isa isa, std::uint64_t seed) {
  FRUGAL_ASSERT(isa_supported(isa));
  Checker checker{kernels(isa), kernels(Isa::scalar), RandomStream(seed, "self check")};
  checker.gemm();
  checker.elementwise();
  checker.rows();
  checker.pooling();
  auto side = [&] { return checker.size(6, 18); };
  checker.convolution(conv_shape(3, checker.size(8, 40), side(), side(), 3, 2, 1));  // the first layer
  checker.convolution(conv_shape(checker.size(8, 40), checker.size(8, 40), side(), side(), 3, 1, 1));
  checker.convolution(conv_shape(checker.size(8, 40), checker.size(8, 40), side(), side(), 1, 1, 1));
  checker.convolution(conv_shape(48, 48, side(), side(), 3, 1, 48));  // depthwise
  for (int i = 0; i < 4; ++i) {
    Conv2dShape rows;
    rows.in_c = checker.size(1, 150), rows.out_c = checker.size(1, 70), rows.in_w = rows.out_w = checker.size(1, 40);
    checker.bytes(rows);
  }
  for (int stride : {1, 2})
    checker.adder(conv_shape(checker.size(1, 40), checker.size(1, 40), side(), side(), 3, stride, 1));
  for (DType type : {DType::q8_0, DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q2_k, DType::q3_k,
                     DType::q4_k, DType::q5_k, DType::q6_k, DType::f16, DType::bf16, DType::f32})
    checker.blocks(type);
  for (int i = 0; i < 2; ++i) {
    checker.attention(CacheType::f32, "f32");
    checker.attention(CacheType::f16, "f16");
    checker.attention(CacheType::q8, "q8");
  }
  return checker.checks;
}

}  // namespace frugal
