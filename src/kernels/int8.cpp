#include "kernels/int8.h"

#include <algorithm>
#include <cstring>

#include "kernels/dot.h"

namespace frugal {
namespace {

constexpr std::int64_t kMaxProducts = 1 << 16;  // 255 * 128 * 65536 is below 2^31

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

const DotKernel<Int8Args>& kernel_of(const Int8Plan& plan) {
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

void append(std::vector<std::uint8_t>& to, const std::vector<std::int8_t>& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void pack_dense(const Int8Plan& plan, const std::int8_t* weights, std::vector<std::uint8_t>& to) {
  const Conv2dShape& s = plan.shape;
  const int step = plan.table->int8.dense.step;
  std::vector<std::int8_t> vector;
  each_dot(*plan.table, s, step, [&](auto, auto first, auto width, auto in, auto tap) {
    vector.clear();
    for (std::int64_t o = first; o < first + width; ++o)
      for (std::int64_t i = in; i < in + step; ++i) vector.push_back(weight_at(s, weights, first, o, i, tap));
    append(to, vector);
  });
}

void pack_split(const Int8Plan& plan, const std::int8_t* weights, std::vector<std::uint8_t>& to) {
  const Conv2dShape& s = plan.shape;
  constexpr int kStep = 4;
  const auto base = static_cast<std::int64_t>(to.size());
  std::vector<DotChunk> table(static_cast<std::size_t>(chunks(plan)), DotChunk{-1, 0});
  std::vector<std::uint8_t> advance;
  std::vector<std::int8_t> vector, rest;
  each_dot(*plan.table, s, kStep, [&](auto chunk, auto first, auto width, auto in, auto tap) {
    DotChunk& at = table[static_cast<std::size_t>(chunk)];
    if (at.weights < 0) at = {static_cast<std::int64_t>(to.size()) - base, static_cast<std::int64_t>(advance.size())};
    vector.clear(), rest.clear();
    bool splits = false;
    for (std::int64_t o = first; o < first + width; ++o)
      for (std::int64_t i = in; i < in + kStep; i += 2) {
        const std::int8_t a = weight_at(s, weights, first, o, i, tap), b = weight_at(s, weights, first, o, i + 1, tap);
        const int over = excess(a, b);
        vector.insert(vector.end(), {a, static_cast<std::int8_t>(b - over)});
        rest.insert(rest.end(), {std::int8_t{0}, static_cast<std::int8_t>(over)});
        splits = splits || over != 0;
      }
    append(to, vector);
    if (splits) append(to, rest), advance.push_back(0);
    advance.push_back(4);
  });
  for (DotChunk& at : table) at.advance += static_cast<std::int64_t>(to.size()) - base;
  to.insert(to.end(), advance.begin(), advance.end());
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

bool int8_fits(const KernelTable& table, const Conv2dShape& s) {
  const bool depthwise = s.groups == s.in_c && s.groups == s.out_c;
  if (dot_products(s) > kMaxProducts) return false;
  Conv2dShape one = s;
  if (depthwise) one.groups = 1;
  return dot_fits(table, one);
}

bool int8_depthwise(const Int8Plan& plan) {
  const Conv2dShape& s = plan.shape;
  return plan.table->channel_block > 1 && s.groups > 1 && s.groups == s.in_c && s.groups == s.out_c;
}

std::vector<std::uint8_t> int8_pack(const Int8Plan& plan, const std::int8_t* weights) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t all = s.out_c * dot_products(s);
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(header_bytes(plan)));
  packed.reserve(packed.size() + static_cast<std::size_t>(all + all / 2));
  if (plan.table->channel_block == 1)
    packed.insert(packed.end(), weights, weights + all);
  else if (int8_depthwise(plan))
    pack_depthwise(plan, weights, packed);
  else if (kernel_of(plan).splits)
    pack_split(plan, weights, packed);
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

void int8_run(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, const std::uint8_t* packed, void* out,
              const Int8Epilogue& epilogue, std::uint8_t* scratch) {
  const Conv2dShape& s = plan.shape;
  const Int8Args args{.shape = s,
                      .in = in,
                      .in_zero = plan.in_zero,
                      .weights = packed + header_bytes(plan),
                      .chunks = reinterpret_cast<const DotChunk*>(packed + round_up(starts_bytes(plan), 64)),
                      .first = reinterpret_cast<const std::int32_t*>(packed),
                      .out = out,
                      .row_major = plan.row_major,
                      .epilogue = epilogue};
  const auto maps = static_cast<double>(s.batch * (s.in_c * s.in_h * s.in_w + s.out_c * s.out_h * s.out_w));
  run_dot(kernel_of(plan), args, pool, static_cast<double>(s.out_c * dot_products(s)), maps, scratch,
          scratch_step(plan));
}

}  // namespace frugal
