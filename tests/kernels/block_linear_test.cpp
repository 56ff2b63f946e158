// Linear layers of block-quantised weights: the same bits on every path, and close to double precision.
#include "kernels/block_linear.h"
#include "kernels/simd/block_tables.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "kernels/block_units.h"
#include "kernels/evex_vnni.h"
#include "kernels/support.h"
#include "tensor/block_types.h"

namespace frugal {
namespace {

const std::vector<DType>& block_types() {
  static const std::vector<DType> types = {DType::q8_0, DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1,
                                           DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k,
                                           DType::f16,  DType::bf16, DType::f32};
  return types;
}

struct Layer {
  DType type;
  std::int64_t n, k;
  std::vector<std::uint8_t> bytes{};

  std::size_t row_bytes() const { return byte_size(type, {k}); }
  const std::uint8_t* row(std::int64_t i) const { return bytes.data() + static_cast<std::size_t>(i) * row_bytes(); }
  std::vector<float> numbers(std::int64_t i) const {
    std::vector<float> out(static_cast<std::size_t>(k));
    dequantize_row(type, row(i), k, out.data());
    return out;
  }
};

Layer random_layer(DType type, std::int64_t n, std::int64_t k) {
  Layer out{type, n, k};
  out.bytes.resize(static_cast<std::size_t>(n) * out.row_bytes());
  const std::vector<float> w = test::random_values(n * k, fmt::format("weights {} {}", name(type), n));
  for (std::int64_t i = 0; i < n; ++i)
    quantize_row(type, w.data() + i * k, k, out.bytes.data() + static_cast<std::size_t>(i) * out.row_bytes());
  return out;
}

// Every code at its largest or smallest, whose sums of products are the largest ones: a scale of 1 and random bits of
// which most are the same.
Layer extreme_layer(DType type, std::int64_t n, std::int64_t k, std::uint8_t byte) {
  Layer out = random_layer(type, n, k);
  const std::size_t block = static_cast<std::size_t>(dtype_info(type).block_bytes);
  const std::size_t at = type == DType::q2_k ? 80 : type == DType::q3_k ? 108 : type == DType::q6_k ? 208 : 0;
  const bool two =
      type == DType::q4_1 || type == DType::q5_1 || type == DType::q2_k || type == DType::q4_k || type == DType::q5_k;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    const std::size_t in_block = i % block;
    if (in_block < at || in_block >= at + (two ? 4 : 2)) out.bytes[i] = byte;
  }
  return out;
}

struct Packed {
  BlockLinearPlan plan;
  Tensor bytes;
  Packed(const BlockLinearTable& table, const Layer& layer) : plan{&table, layer.type, layer.n, layer.k} {
    bytes = Tensor(DType::u8, {block_packed_bytes(plan)});
    ThreadPool one(1);
    block_pack(plan, one, layer.bytes.data(), bytes.data<std::uint8_t>());
  }
  BlockLinearOutput output(float* to, const Epilogue& epilogue = {}) const {
    return {plan, bytes.data<std::uint8_t>(), to, epilogue};
  }
};

std::vector<float> run(const BlockLinearTable& table, const Layer& layer, std::int64_t rows,
                       const std::vector<float>& x, bool quantized, int threads = 1, const Epilogue& epilogue = {}) {
  const Packed packed(table, layer);
  std::vector<float> out(static_cast<std::size_t>(rows * layer.n));
  const BlockLinearOutput output = packed.output(out.data(), epilogue);
  Tensor scratch(DType::u8, {block_linear_scratch_bytes(rows, layer.k, threads)});
  ThreadPool pool(threads);
  block_linear_run(pool, rows, layer.k, x.data(), quantized, {&output, 1}, scratch.data<std::uint8_t>());
  return out;
}

const BlockLinearTable& scalar() { return block_linear_table(Isa::scalar); }

void expect_same(const BlockLinearTable& table, const Layer& layer, std::int64_t rows, const std::vector<float>& x) {
  for (bool quantized : {false, true})
    test::expect_same_bits(run(table, layer, rows, x, quantized), run(scalar(), layer, rows, x, quantized),
                           fmt::format("{} [{}, {}], {} rows{}", name(layer.type), layer.n, layer.k, rows,
                                       quantized ? ", quantized" : ""));
}

void expect_exact(const BlockLinearTable& table) {
  for (DType type : block_types()) {
    for (std::int64_t rows : {1, 2, 3, 5, 8, 16, 33})
      expect_same(table, random_layer(type, 37, 512), rows, test::random_values(rows * 512, "x"));
    expect_same(table, random_layer(type, 5, 256), 3, test::random_values(3 * 256, "x"));
    if (!dtype_info(type).blocks()) continue;
    for (int byte : {0x00, 0xff, 0x80, 0x7f})
      for (float sign : {1.0f, -1.0f})
        expect_same(table, extreme_layer(type, 16, 256, static_cast<std::uint8_t>(byte)), 2,
                    std::vector<float>(2 * 256, sign));
  }
  for (DType type : {DType::f16, DType::bf16, DType::f32})
    for (std::int64_t k : {1, 31, 33, 70})
      expect_same(table, random_layer(type, 19, k), 3, test::random_values(3 * k, "x"));
}

class BlockLinear : public test::EachIsa {
 protected:
  const BlockLinearTable& blocks() const { return block_linear_table(GetParam()); }
};
FRUGAL_EACH_ISA(BlockLinear);

TEST_P(BlockLinear, GivesTheBitsOfTheReference) { expect_exact(blocks()); }

TEST(BlockLinearVnni, TheCodeOfAvxVnniIsExactInTheEncodingOfAvx512) {
  __builtin_cpu_init();
  if (!isa_supported(Isa::avx2) || !__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512vl"))
    GTEST_SKIP() << "this processor lacks AVX512_VNNI";
  BlockLinearTable table = block_linear_table(Isa::avx2);
  avx2::fill_evex_block_vnni(table);
  expect_exact(table);
}

TEST(BlockLinearVnni, TheCodeOfProcessorsWithoutItIsExactOnThoseThatHaveIt) {
  if (!isa_supported(Isa::avx2)) GTEST_SKIP() << "this processor lacks AVX2";
  BlockLinearTable table = block_linear_table(Isa::avx2);
  avx2::fill_block_quantized(table);
  expect_exact(table);
}

// A row alone, among others, and on any number of threads.
TEST_P(BlockLinear, ARowDoesNotDependOnTheOthers) {
  for (DType type : block_types()) {
    const Layer layer = random_layer(type, 70, 256);
    const std::int64_t most = 33;
    const std::vector<float> x = test::random_values(most * layer.k, "x");
    for (bool quantized : {false, true}) {
      const std::vector<float> all = run(blocks(), layer, most, x, quantized);
      for (std::int64_t rows : {1, 2, 7, 8, 9, 12, 20})
        for (int threads : {1, 2, 3})
          test::expect_same_bits(
              run(blocks(), layer, rows, {x.begin(), x.begin() + rows * layer.k}, quantized, threads),
              {all.begin(), all.begin() + rows * layer.n},
              fmt::format("{}, {} rows, {} threads", name(type), rows, threads));
    }
  }
}

TEST(BlockLinearReference, IsCloseToDoublePrecision) {
  const std::int64_t rows = 3, n = 21, k = 512;
  const std::vector<float> x = test::random_values(rows * k, "x");
  for (DType type : block_types()) {
    const Layer layer = random_layer(type, n, k);
    const std::vector<float> exact = run(scalar(), layer, rows, x, false), near = run(scalar(), layer, rows, x, true);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t i = 0; i < n; ++i) {
        const std::vector<float> w = layer.numbers(i);
        double sum = 0, bound = 0;  // half a step of every 32 inputs
        for (std::int64_t from = 0; from < k; from += kBlockUnit) {
          double most = 0, weights = 0;
          for (std::int64_t j = from; j < from + kBlockUnit; ++j) {
            const double at = x[static_cast<std::size_t>(row * k + j)], wj = w[static_cast<std::size_t>(j)];
            sum += at * wj, weights += std::abs(wj), most = std::max(most, std::abs(at));
          }
          bound += weights * most / 254;
        }
        const auto at = static_cast<std::size_t>(row * n + i);
        EXPECT_NEAR(exact[at], sum, 6e-5) << name(type);
        EXPECT_NEAR(near[at], sum, dtype_info(type).blocks() ? bound + 6e-5 : 6e-5) << name(type);
        if (dtype_info(type).blocks()) EXPECT_NE(near[at], exact[at]) << name(type);
      }
  }
}

TEST_P(BlockLinear, RowsComeBackFromPackedWeights) {
  for (DType type : block_types()) {
    const Layer layer = random_layer(type, 19, 512);
    const Packed packed(blocks(), layer);
    for (std::int64_t i = 0; i < layer.n; ++i) {
      std::vector<float> got(static_cast<std::size_t>(layer.k));
      block_row(packed.plan, packed.bytes.data<std::uint8_t>(), i, got.data());
      test::expect_same_bits(got, layer.numbers(i), fmt::format("{} row {}", name(type), i));
    }
  }
}

TEST_P(BlockLinear, PackedWeightsAreAboutAsLargeAsTheirSource) {
  for (DType type : block_types()) {
    const BlockLinearPlan plan{&blocks(), type, 576, 1536};
    const auto source = static_cast<double>(byte_size(type, {576, 1536}));
    EXPECT_LE(static_cast<double>(block_packed_bytes(plan)), 1.05 * source) << name(type);
  }
}

TEST_P(BlockLinear, SeveralLayersOfOneInputGiveWhatEachGivesAlone) {
  const Layer q = random_layer(DType::q4_k, 70, 256), k = random_layer(DType::q6_k, 19, 256),
              v = random_layer(DType::f16, 33, 256), w = random_layer(DType::f32, 20, 256);
  for (std::int64_t rows : {1, 5, 40})
    for (int threads : {1, 2, 3}) {
      const std::vector<float> x = test::random_values(rows * 256, "x");
      const Packed packed[] = {{blocks(), q}, {blocks(), k}, {blocks(), v}, {blocks(), w}};
      std::vector<std::vector<float>> out;
      std::vector<BlockLinearOutput> layers;
      for (const Packed& p : packed) out.emplace_back(static_cast<std::size_t>(rows * p.plan.n));
      for (std::size_t i = 0; i < 4; ++i) layers.push_back(packed[i].output(out[i].data()));
      Tensor scratch(DType::u8, {block_linear_scratch_bytes(rows, 256, threads)});
      ThreadPool pool(threads);
      block_linear_run(pool, rows, 256, x.data(), true, layers, scratch.data<std::uint8_t>());
      for (std::size_t i = 0; const Layer* layer : {&q, &k, &v, &w})
        test::expect_same_bits(out[i++], run(blocks(), *layer, rows, x, true), fmt::format("{} rows", rows));
    }
}

TEST_P(BlockLinear, TheStoreAddsBiasAndResidualAndActivates) {
  const Layer layer = random_layer(DType::q4_1, 37, 64);
  const std::int64_t rows = 5;
  const std::vector<float> x = test::random_values(rows * 64, "x"), bias = test::random_values(37, "bias"),
                           residual = test::random_values(rows * 37, "residual");
  for (const ActivationSpec& activation : test::all_activations()) {
    const Epilogue epilogue{bias.data(), residual.data(), activation};
    test::expect_close(run(blocks(), layer, rows, x, true, 2, epilogue),
                       run(scalar(), layer, rows, x, true, 1, epilogue), 2e-6f,
                       fmt::format("activation {}", static_cast<int>(activation.kind)));
  }
}

TEST_P(BlockLinear, NumbersThatAreNotFiniteStayInTheirRow) {
  const Layer layer = random_layer(DType::q4_0, 16, 64);
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> x = test::random_values(3 * 64, "x");
    const std::vector<float> good = run(blocks(), layer, 3, x, true);
    x[64 + 5] = bad;
    const std::vector<float> got = run(blocks(), layer, 3, x, true);
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (i / 16 == 1)
        EXPECT_TRUE(std::isnan(got[i])) << i;
      else
        EXPECT_EQ(got[i], good[i]) << i;
    }
  }
  test::expect_same_bits(run(blocks(), layer, 1, std::vector<float>(64, 1e-38f), true), std::vector<float>(16, 0.0f),
                         "tiny numbers");
}

}  // namespace
}  // namespace frugal
