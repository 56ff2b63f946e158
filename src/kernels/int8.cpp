#include "kernels/int8.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/dot.h"
#include "kernels/simd/int8_words.h"

namespace frugal {
namespace {

constexpr std::int64_t kMaxProducts = 1 << 16;  // 255 * 128 * 65536 is below 2^31

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

DotKernel<Int8Args> kernel_of(const Int8Plan& plan) {
  if (plan.words) return avx2::int8_words();
  return int8_depthwise(plan) ? plan.table->int8.depthwise : plan.table->int8.dense;
}

std::int64_t chunks(const Int8Plan& plan) {
  return plan.shape.groups * ceil_div(plan.shape.out_c / plan.shape.groups, 2 * plan.table->channel_block);
}

std::int64_t starts_bytes(const Int8Plan& plan) { return round_up(plan.shape.out_c, plan.table->channel_block) * 4; }
std::int64_t header_bytes(const Int8Plan& plan) {
  const std::int64_t split = kernel_of(plan).splits ? chunks(plan) * static_cast<std::int64_t>(sizeof(DotChunk)) : 0;
  return round_up(starts_bytes(plan), 64) + round_up(split, 64);
}

// What of the second weight of a pair goes into the second vector: 255 times the sum of those of one sign has to stay
// within 16 bits.
int excess(int first, int second) {
  constexpr int kMost = 128;
  const int over = std::max(first, 0) + std::max(second, 0) - kMost,
            under = std::min(first, 0) + std::min(second, 0) + kMost;
  return over > 0 ? over : under < 0 ? under : 0;
}

void pack_words(const Int8Plan& plan, const std::int8_t* weights, std::vector<std::uint8_t>& to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t step = kernel_of(plan).step;
  each_dot(*plan.table, s, step, [&](auto, auto first, auto width, auto in, auto tap) {
    for (std::int64_t o = first; o < first + width; ++o)
      for (std::int64_t i = in; i < in + step; ++i) {
        const std::int8_t w = weight_at(s, weights, first, o, i, tap);
        to.insert(to.end(), {static_cast<std::uint8_t>(w), static_cast<std::uint8_t>(w < 0 ? 0xff : 0)});
      }
  });
}

// With a kernel that splits weights, what does not fit goes into rests, see DotChunk.
void pack_dense(const Int8Plan& plan, const std::int8_t* weights, std::vector<std::uint8_t>& to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block, step = kernel_of(plan).step;
  const bool splits = kernel_of(plan).splits;
  const std::size_t base = to.size();
  struct Rests {
    std::vector<DotRest> places;
    std::vector<std::uint8_t> weights;
  };
  std::vector<std::array<Rests, 2>> rests(static_cast<std::size_t>(chunks(plan)));
  std::vector<std::uint8_t> rest;
  each_dot(*plan.table, s, step, [&](auto chunk, auto first, auto width, auto in, auto tap) {
    for (std::int64_t block = 0; block < width / c; ++block) {
      bool any = false;
      rest.clear();
      for (std::int64_t o = first + block * c; o < first + (block + 1) * c; ++o)
        for (std::int64_t i = in; i < in + step; i += 2) {
          const int a = weight_at(s, weights, first, o, i, tap), b = weight_at(s, weights, first, o, i + 1, tap),
                    over = splits ? excess(a, b) : 0;
          to.insert(to.end(), {static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b - over)});
          rest.insert(rest.end(), {std::uint8_t{0}, static_cast<std::uint8_t>(over)});
          any = any || over != 0;
        }
      if (!any) continue;
      Rests& made = rests[static_cast<std::size_t>(chunk)][static_cast<std::size_t>(block)];
      made.places.push_back({in / c, static_cast<std::int32_t>(tap), static_cast<std::int32_t>(in % c)});
      made.weights.insert(made.weights.end(), rest.begin(), rest.end());
    }
  });
  if (!splits) return;
  auto append = [&](const auto& list) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(list.data());
    to.insert(to.end(), bytes, bytes + list.size() * sizeof(list[0]));
  };
  std::vector<DotChunk> table;
  to.resize(base + static_cast<std::size_t>(round_up(static_cast<std::int64_t>(to.size() - base), 64)));
  for (const auto& [first, second] : rests) {
    table.push_back(
        {static_cast<std::int64_t>(to.size() - base),
         {static_cast<std::int64_t>(first.places.size()), static_cast<std::int64_t>(second.places.size())}});
    append(first.places), append(second.places), append(first.weights), append(second.weights);
  }
  std::memcpy(to.data() + round_up(starts_bytes(plan), 64), table.data(), table.size() * sizeof(DotChunk));
}

void pack_depthwise(const Int8Plan& plan, const std::int8_t* weights, std::vector<std::uint8_t>& to) {
  const std::int64_t c = plan.table->channel_block, n = dot_taps(plan.shape), out_c = plan.shape.out_c;
  std::vector<float> floats;
  for (std::int64_t b = 0; b < out_c; b += c)
    for (std::int64_t tap = 0; tap < n; ++tap)
      for (std::int64_t o = b; o < b + c; ++o) floats.push_back(o < out_c ? weights[o * n + tap] : 0);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(floats.data());
  to.insert(to.end(), bytes, bytes + floats.size() * sizeof(float));
}

std::int64_t scratch_step(const Int8Plan& plan) {
  Int8Args args;
  args.shape = plan.shape, args.row_major = plan.row_major;
  return round_up(kernel_of(plan).scratch(args), 64);
}

}  // namespace

bool int8_fits(const KernelTable& table, const Conv2dShape& s, bool weight_zeros) {
  const bool depthwise = s.groups == s.in_c && s.groups == s.out_c;
  // With zero points of weights, three sums of this size are added in any order.
  if (dot_products(s) > (weight_zeros ? kMaxProducts / 4 : kMaxProducts)) return false;
  if (weight_zeros && s.groups > 1) return false;
  Conv2dShape one = s;
  if (depthwise) one.groups = 1;
  return dot_fits(table, one);
}

bool int8_depthwise(const Int8Plan& plan) {
  const Conv2dShape& s = plan.shape;
  return plan.table->channel_block > 1 && s.groups > 1 && s.groups == s.in_c && s.groups == s.out_c;
}

bool int8_prefers_words(const Int8Plan& plan, const std::int8_t* weights) {
  if (int8_depthwise(plan) || !plan.table->int8.dense.splits) return false;
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block;
  std::int64_t vectors = 0, rests = 0;
  each_dot(*plan.table, s, plan.table->int8.dense.step, [&](auto, auto first, auto width, auto in, auto tap) {
    for (std::int64_t block = first; block < first + width; block += c, ++vectors) {
      bool any = false;
      for (std::int64_t o = block; o < block + c; ++o)
        for (std::int64_t i = in; i < in + 4; i += 2)
          any = any || excess(weight_at(s, weights, first, o, i, tap), weight_at(s, weights, first, o, i + 1, tap));
      rests += any ? 1 : 0;
    }
  });
  return rests * 7 > vectors;
}

const char* int8_instruction(const Int8Plan& plan) { return kernel_of(plan).instruction; }

std::vector<std::uint8_t> int8_pack(const Int8Plan& plan, const std::int8_t* weights) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t all = s.out_c * dot_products(s);
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(header_bytes(plan)));
  packed.reserve(packed.size() + static_cast<std::size_t>(all + all / 2));
  if (plan.table->channel_block == 1)
    packed.insert(packed.end(), weights, weights + all);
  else if (int8_depthwise(plan))
    pack_depthwise(plan, weights, packed);
  else if (plan.words)
    pack_words(plan, weights, packed);
  else
    pack_dense(plan, weights, packed);
  auto* first = reinterpret_cast<std::int32_t*>(packed.data());
  for (std::int64_t o = 0; o < s.out_c; ++o) {
    std::int32_t sum = 0;
    for (std::int64_t i = 0; i < dot_products(s); ++i) sum += weights[o * dot_products(s) + i];
    first[o] = -plan.in_zero * sum;
  }
  return packed;
}

std::int64_t int8_scratch_bytes(const Int8Plan& plan, int threads) { return scratch_step(plan) * threads; }

void int8_window_sums(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, std::int32_t* out,
                      std::int32_t* scratch) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t block = plan.row_major ? s.in_c : plan.table->channel_block, blocks = ceil_div(s.in_c, block),
                     pixels = s.in_h * s.in_w;
  // Of the channels of each pixel, then of the pixels under each window: padding adds nothing.
  pool.parallel_for(s.batch * pixels, 64, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int32_t sum = 0;
      for (std::int64_t b = 0; b < blocks; ++b) {
        const std::uint8_t* x = in + ((i / pixels * blocks + b) * pixels + i % pixels) * block;
        for (std::int64_t c = 0; c < std::min(block, s.in_c - b * block); ++c) sum += x[c];
      }
      scratch[i] = sum - plan.in_zero * static_cast<std::int32_t>(s.in_c);
    }
  });
  pool.parallel_for(s.batch * s.out_h * s.out_w, 64, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t image = i / (s.out_h * s.out_w), y = i / s.out_w % s.out_h, x = i % s.out_w;
      out[i] = 0;
      for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
        for (std::int64_t kx = 0; kx < s.kernel_w; ++kx) {
          const std::int64_t iy = y * s.stride_h - s.pad_top + ky * s.dilation_h,
                             ix = x * s.stride_w - s.pad_left + kx * s.dilation_w;
          if (iy >= 0 && iy < s.in_h && ix >= 0 && ix < s.in_w) out[i] += scratch[image * pixels + iy * s.in_w + ix];
        }
    }
  });
}

void int8_run(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, const std::uint8_t* packed, void* out,
              const Int8Epilogue& epilogue, std::uint8_t* scratch, const Int8Zeros& zeros) {
  const Conv2dShape& s = plan.shape;
  const Int8Args args{.shape = s,
                      .in = in,
                      .in_zero = plan.in_zero,
                      .weights = packed + header_bytes(plan),
                      .chunks = reinterpret_cast<const DotChunk*>(packed + round_up(starts_bytes(plan), 64)),
                      .first = zeros.starts ? zeros.starts : reinterpret_cast<const std::int32_t*>(packed),
                      .weight_zero = zeros.weight_zero,
                      .window_sums = zeros.window_sums,
                      .out = out,
                      .row_major = plan.row_major,
                      .epilogue = epilogue};
  const auto maps = static_cast<double>(s.batch * (s.in_c * s.in_h * s.in_w + s.out_c * s.out_h * s.out_w));
  run_dot(kernel_of(plan), args, pool, static_cast<double>(s.out_c * dot_products(s)), maps, scratch,
          scratch_step(plan));
}

}  // namespace frugal
