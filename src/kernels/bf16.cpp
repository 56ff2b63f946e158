#include "kernels/bf16.h"

#include "kernels/dot.h"
#include "tensor/half.h"

namespace frugal {
namespace {

std::int64_t scratch_step(const Bf16Plan& plan) {
  Bf16Args args{};
  args.shape = plan.shape, args.row_major = plan.row_major;
  return (plan.table->bf16.scratch(args) + 63) / 64 * 64;
}

}  // namespace

bool bf16_fits(const KernelTable& table, const Conv2dShape& s) {
  const bool depthwise = s.groups > 1 && s.groups == s.in_c;
  return table.bf16.run && !depthwise && dot_fits(table, s);
}

std::vector<std::uint16_t> bf16_pack(const Bf16Plan& plan, const float* weights) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t step = plan.table->bf16.step, all = s.out_c * dot_products(s);
  std::vector<std::uint16_t> packed;
  packed.reserve(static_cast<std::size_t>(all + all / 8));
  if (plan.table->channel_block == 1) {
    for (std::int64_t i = 0; i < all; ++i) packed.push_back(float_to_bf16(weights[i]));
    return packed;
  }
  each_dot(*plan.table, s, step, [&](auto, auto first, auto width, auto in, auto tap) {
    for (std::int64_t o = first; o < first + width; ++o)
      for (std::int64_t i = in; i < in + step; ++i)
        packed.push_back(float_to_bf16(weight_at(s, weights, first, o, i, tap)));
  });
  return packed;
}

std::int64_t bf16_scratch_bytes(const Bf16Plan& plan, int threads) { return scratch_step(plan) * threads; }

void bf16_run(const Bf16Plan& plan, ThreadPool& pool, const float* in, const std::uint16_t* packed, float* out,
              const Epilogue& epilogue, std::uint8_t* scratch) {
  const Conv2dShape& s = plan.shape;
  const Bf16Args args{s, in, packed, out, plan.row_major, epilogue};
  const auto maps = 4 * static_cast<double>(s.batch * (s.in_c * s.in_h * s.in_w + s.out_c * s.out_h * s.out_w));
  run_dot(plan.table->bf16, args, pool, 2 * static_cast<double>(s.out_c * dot_products(s)), maps, scratch,
          scratch_step(plan));
}

}  // namespace frugal
