// Microbenchmarks: convolutions of well-known networks by every algorithm, and GEMM, against the FMA peak.
//   kernel_bench [THREADS]       FRUGAL_ISA chooses the instruction set
//   kernel_bench qlinear [THREADS]   linear layers of language models on block-quantised weights (block_layers.cpp)
//   kernel_bench adder           adder layers of bytes beside the convolutions they replace (adder_kernels.cpp)
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <vector>

#include "adder_kernels.h"
#include "block_layers.h"
#include "frugal/tensor.h"
#include "kernels/conv2d.h"
#include "kernels/gemm.h"

namespace frugal {
namespace {

struct Layer {
  const char* name;
  std::int64_t in_c, out_c, size, kernel, stride, pad, groups;
};
constexpr Layer kLayers[] = {
    {"resnet18 conv1", 3, 64, 224, 7, 2, 3, 1},         {"resnet18 layer1", 64, 64, 56, 3, 1, 1, 1},
    {"resnet18 layer2.0", 64, 128, 56, 3, 2, 1, 1},     {"resnet18 layer2", 128, 128, 28, 3, 1, 1, 1},
    {"resnet18 layer3", 256, 256, 14, 3, 1, 1, 1},      {"resnet18 layer4", 512, 512, 7, 3, 1, 1, 1},
    {"resnet18 downsample", 256, 512, 14, 1, 2, 0, 1},  {"resnet50 expand", 64, 256, 56, 1, 1, 0, 1},
    {"resnet50 reduce", 1024, 256, 14, 1, 1, 0, 1},     {"mobilenet expand", 24, 144, 56, 1, 1, 0, 1},
    {"mobilenet expand", 160, 960, 7, 1, 1, 0, 1},      {"mobilenet depthwise", 144, 144, 56, 3, 1, 1, 144},
    {"mobilenet depthwise", 96, 96, 112, 3, 2, 1, 96},  {"mobilenet depthwise", 960, 960, 7, 3, 1, 1, 960},
    {"ghostnet depthwise", 120, 120, 28, 5, 1, 2, 120}, {"resnet20 stage1", 16, 16, 32, 3, 1, 1, 1},
    {"resnet20 stage3", 64, 64, 8, 3, 1, 1, 1},         {"resnet50 downsample", 1024, 2048, 14, 1, 2, 0, 1},
    {"resnet50 downsample", 256, 512, 56, 1, 2, 0, 1},  {"resnet50 reduce", 2048, 512, 7, 1, 1, 0, 1},
    {"resnet50 layer3.0", 256, 256, 28, 3, 2, 1, 1},    {"resnet50 layer4.0", 512, 512, 14, 3, 2, 1, 1},
    {"yolov8n stem", 16, 32, 320, 3, 2, 1, 1},          {"yolov8n down", 64, 128, 80, 3, 2, 1, 1},
    {"yolov8n neck", 128, 128, 20, 3, 1, 1, 1},
};

double best_seconds(const std::function<void()>& body) {
  double best = 1e9, spent = 0;
  for (int i = 0; i < 200 && spent < 0.1; ++i) {
    auto start = std::chrono::steady_clock::now();
    body();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::min(best, seconds);
    spent += seconds;
  }
  return best;
}

void report(const std::string& what, double macs, double seconds, double peak) {
  fmt::print("  {:<46} {:8.3f} ms {:7.1f} GMAC/s {:4.0f}% of peak\n", what, seconds * 1e3, macs * 1e-9 / seconds,
             macs * 1e-7 / seconds / peak);
}

void bench_conv(const KernelTable& table, ThreadPool& pool, const Layer& layer, double peak) {
  Conv2dShape s;
  s.in_c = layer.in_c, s.out_c = layer.out_c, s.in_h = s.in_w = layer.size, s.kernel_h = s.kernel_w = layer.kernel;
  s.stride_h = s.stride_w = layer.stride, s.pad_top = s.pad_left = layer.pad, s.groups = layer.groups;
  s.out_h = s.out_w = conv_out_size(layer.size, 2 * layer.pad, layer.kernel, layer.stride, 1);
  const auto macs = static_cast<double>(s.out_h * s.out_w * s.out_c * (s.in_c / s.groups) * s.kernel_h * s.kernel_w);
  Tensor in(DType::f32, {blocked_floats(table, s.in_c, s.in_h * s.in_w)});  // aligned as the engine's maps are
  std::fill_n(in.data<float>(), in.numel(), 0.1f);
  Tensor out(DType::f32, {blocked_floats(table, s.out_c, s.out_h * s.out_w)});
  std::vector<float> weights(s.out_c * (s.in_c / s.groups) * s.kernel_h * s.kernel_w, 0.01f);
  Epilogue epilogue;
  epilogue.activation.kind = Activation::relu;
  for (ConvAlgorithm algorithm : conv2d_algorithms(table, s, {pool.threads(), true})) {
    const Conv2dPlan plan{&table, s, algorithm};
    if (s.groups > 1 && algorithm == ConvAlgorithm::im2col) continue;
    std::vector<float> packed(conv2d_packed_floats(plan)), scratch(conv2d_scratch_floats(plan, pool.threads()));
    conv2d_pack(plan, weights.data(), packed.data());
    double seconds = best_seconds(
        [&] { conv2d_run(plan, pool, in.data<float>(), packed.data(), out.data<float>(), epilogue, scratch.data()); });
    report(fmt::format("{} {}>{} {}x{}: {}", layer.name, s.in_c, s.out_c, s.in_h, s.in_w, name(algorithm)), macs,
           seconds, peak);
  }
}

void bench_gemm(const KernelTable& table, ThreadPool& pool, std::int64_t m, std::int64_t n, std::int64_t k,
                double peak) {
  std::vector<float> a(m * k, 0.1f), b(n * k, 0.1f), c(m * n), packed(gemm_packed_floats(table, n, k));
  std::vector<float> scratch(gemm_scratch_floats(table, k, pool.threads()));
  gemm_pack(table, pool, n, k, b.data(), n, false, packed.data());
  double seconds = best_seconds([&] {
    gemm_run(table, pool, {m, n, k, a.data(), k, packed.data(), c.data(), n, {}, false}, scratch.data());
  });
  report(fmt::format("gemm {} x {} x {}", m, n, k), static_cast<double>(m * n * k), seconds, peak);
}

}  // namespace
}  // namespace frugal

int main(int argc, char** argv) {
  using namespace frugal;
  if (argc > 1 && std::string_view(argv[1]) == "adder") {
    bench_adder(active_kernels(), argc > 2 ? std::clamp(std::atoi(argv[2]), 1, 16) : 4);
    return 0;
  }
  if (argc > 1 && std::string_view(argv[1]) == "qlinear") {
    bench_block_layers(argc > 2 ? std::max(1, std::atoi(argv[2])) : 1);
    return 0;
  }
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const KernelTable& table = active_kernels();
  ThreadPool pool(std::max(threads, 1));
  const double peak = measured_peak_gmacs(table.isa) * pool.threads();
  fmt::print("{}, {} threads, peak {:.1f} GMAC/s\n", name(table.isa), pool.threads(), peak);
  for (const Layer& layer : kLayers) bench_conv(table, pool, layer, peak);
  for (std::int64_t m : {1, 8, 128, 1024}) bench_gemm(table, pool, m, 1024, 1024, peak);
  // DeiT-Tiny: query, key and value of all heads, the two layers of the MLP, values of one head
  bench_gemm(table, pool, 197, 576, 192, peak);
  bench_gemm(table, pool, 197, 768, 192, peak);
  bench_gemm(table, pool, 197, 192, 768, peak);
  bench_gemm(table, pool, 197, 64, 197, peak);
}
