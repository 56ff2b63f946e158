// Plain argument types shared by every instruction set. Nothing here may be an inline function:
// this header is compiled with AVX2 and AVX-512 flags too, and the linker keeps only one copy.
//
// Layouts of a feature map [N, C, H, W]:
//   plain    NCHW, C x H x W dense.
//   blocked  NCHWc: [N][ceil(C/c)][H][W][c] with c = KernelTable::channel_block (1, 8 or 16; with 1 the
//            two layouts are the same). Lanes of the last block beyond C hold anything: nobody may
//            read a meaning into them, and no kernel lets them reach a valid lane.
#pragma once

#include <cstddef>
#include <cstdint>

namespace frugal {

enum class Isa : std::uint8_t { scalar, avx2, avx512 };

enum class Activation : std::uint8_t {
  none,
  relu,
  clip,        // min(max(x, alpha), beta); relu6 is clip with 0 and 6
  leaky_relu,  // x < 0 ? alpha * x : x
  prelu,       // the same with a slope per channel
  sigmoid,
  hard_sigmoid,  // clip(alpha * x + beta, 0, 1)
  silu,          // x * sigmoid(x)
  hard_swish,    // x * clip(x / 6 + 1/2, 0, 1)
  gelu,          // x * Phi(x), exact (erf)
  gelu_tanh,     // the approximation of Hendrycks and Gimpel, arXiv 1606.08415
  tanh,
  exp,
  abs,
  neg,
  sqrt,
  reciprocal,
  square,
  floor,
  ceil,
  round,  // half to even
  sign,   // NaN stays NaN
  log,
  erf,
  softplus,          // log(1 + exp(x))
  softsign,          // x / (1 + |x|)
  elu,               // x > 0 ? beta * x : alpha * (exp(x) - 1); selu too
  celu,              // x > 0 ? x : alpha * (exp(x / alpha) - 1)
  mish,              // x * tanh(softplus(x))
  thresholded_relu,  // x > alpha ? x : 0
  shrink,            // x < -alpha ? x + beta : x > alpha ? x - beta : 0
  // From here on without a vector form: never fused, one element at a time.
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  asinh,
  acosh,
  atanh,
};

struct ActivationSpec {
  Activation kind = Activation::none;
  float alpha = 0;
  float beta = 0;
  const float* slope = nullptr;  // prelu: [channels]
};

// What a producer does to a value before it stores it:
//   y = scale * activation(x + bias + residual) + shift
// or, with residual_last,
//   y = scale * activation(x + bias) + shift + residual
// `residual` has the layout and strides of the output and may be the output itself.
struct Epilogue {
  const float* bias = nullptr;  // [channels], no padding needed
  const float* residual = nullptr;
  ActivationSpec activation;
  bool residual_last = false;
  float scale = 1, shift = 0;
};

// C[m, n] = epilogue(A[m, k] * B[k, n]), row-major, B packed in panels by gemm_pack_b.
// Channels of the epilogue are the columns, or the rows where `channels_are_rows`.
struct GemmArgs {
  std::int64_t m, n, k;
  const float* a;
  std::int64_t lda;
  const float* b;  // [ceil(n / panel)][k][panel], columns beyond n zero
  float* c;        // the residual, where there is one, has the same ldc
  std::int64_t ldc;
  Epilogue epilogue;
  bool channels_are_rows = false;
};

// What the output's gradient of an adder convolution gives its input's (Chen et al., "AdderNet", CVPR 2020), in panels:
//   gradient[panel][d][pixel] = sum over t of clamp(weights[t][d] - columns[panel][d][pixel], -1, 1)
//                               * output_gradient[panel][t][pixel]
struct AdderGradientArgs {
  std::int64_t channels, k;
  const float* weights;          // [channels][k]
  const float* columns;          // as GemmArgs::b
  const float* output_gradient;  // [panels][channels][panel], zero beyond the last pixel
  float* gradient;               // may be `columns`
};

struct Conv2dShape {
  std::int64_t batch = 1;
  std::int64_t in_c = 1, in_h = 1, in_w = 1;
  std::int64_t out_c = 1, out_h = 1, out_w = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t pad_top = 0, pad_left = 0;  // the other sides follow from out_h and out_w
  std::int64_t dilation_h = 1, dilation_w = 1;
  std::int64_t groups = 1;
};

struct Conv2dArgs {
  Conv2dShape shape;
  const float* in;
  const float* weights;  // packed for the algorithm
  float* out;
  Epilogue epilogue;
};

// The work of a convolution is a rectangle: chunks of output channels x strips of output pixels (rows, single
// pixels of a 1x1 convolution, or Winograd tiles), over the whole batch. Any sub-rectangle can be computed alone.
struct Extent {
  std::int64_t chunks, strips;
};

// A convolution or linear layer by dot products of `step` input channels. Computes the rectangle [begin, end) of its
// extent; `scratch` is one thread's. `splits`: see DotChunk (int8_types.h).
template <typename Args>
struct DotKernel {
  Extent (*extent)(const Args& args);
  void (*run)(const Args& args, Extent begin, Extent end, std::uint8_t* scratch);
  std::int64_t (*scratch)(const Args& args);
  int step;
  bool splits;
  const char* instruction;
};
// As Int8Args, of floats that are rounded to bfloat16; packed weights are.
struct Bf16Args {
  Conv2dShape shape;
  const float* in;
  const void* weights;
  float* out;
  bool row_major;
  Epilogue epilogue;
};
constexpr std::int64_t kMaxDotTaps = 256;  // the kernels keep the taps' places on the stack

// Transformed input of tiles [first, first + count): [(m + 2)^2][input block][count][c].
struct WinogradTiles {
  float* data;
  std::int64_t first, count;
};

enum class Pool : std::uint8_t { max, average, average_count_pad };

// Pooling windows that hang over the border see only what exists; average divides by the number of
// existing elements, average_count_pad by the window's size clipped to the padded picture (pad_bottom
// and pad_right say how far that reaches).
struct PoolArgs {
  Pool kind;
  std::int64_t batch, channels;  // channels: planes; in blocked layout the number of blocks
  std::int64_t in_h, in_w, out_h, out_w;
  std::int64_t kernel_h, kernel_w, stride_h, stride_w;
  std::int64_t pad_top, pad_left, pad_bottom, pad_right;
  std::int64_t dilation_h, dilation_w;
  std::int64_t lanes;  // 1 for plain, channel_block for blocked
  const float* in;
  float* out;
};

// rsub: b - a, rdiv: b / a. min and max: NaN where either is NaN.
enum class Binary : std::uint8_t {
  add,
  sub,
  rsub,
  mul,
  div,
  rdiv,
  min,
  max,
  // From here on only in kernels/typed.h.
  pow,
  mod,   // with the sign of the divisor, as Python's %
  fmod,  // with the sign of the dividend, as C's
  equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  bit_and,  // on booleans these are the logical ones
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
};
enum class Reduce : std::uint8_t { sum, mean, max, min, prod, l1, l2, log_sum_exp };
enum class Operand : std::uint8_t {
  full,    // b has n elements
  scalar,  // b[0] for all
  block,   // b[i % channel_block]: one channel block of a blocked map
};

// Separable resampling (kernels/resample.h): output element i of an axis is made of entries first[i]..first[i + 1] - 1.
struct ResampleAxis {
  std::int64_t in, out;
  const std::int64_t *first, *index;
  const float* weight;
};
struct ResampleArgs {
  ResampleAxis vertical, horizontal;
  std::int64_t lanes;  // 1 for plain, channel_block for blocked
  const float* in;     // planes [in_h, in_w, lanes]
  float* out;          // planes [out_h, out_w, lanes]
};

}  // namespace frugal
