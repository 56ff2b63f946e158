#include <algorithm>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "engine/engine_op.h"
#include "graph/op.h"
#include "kernels/conv2d.h"
#include "ops/conv_transpose2d/phases.h"

namespace frugal {
namespace {

struct Geometry {
  Conv2dShape shape;  // batch, channels, input and groups of every phase
  std::int64_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, out_h, out_w;
};

Geometry geometry_of(const NodeContext& c) {
  const Shape &x = c.in(0).shape, &w = c.in(1).shape, &y = c.out().shape;
  const Ints &stride = attr_ints(c.node, "stride"), &pad = attr_ints(c.node, "padding"),
             &dilation = attr_ints(c.node, "dilation");
  Conv2dShape s;
  s.batch = x[0], s.in_c = x[1], s.in_h = x[2], s.in_w = x[3], s.out_c = y[1];
  s.groups = attr_int(c.node, "groups");
  return {s, w[2], w[3], stride[0], stride[1], dilation[0], dilation[1], pad[0], pad[1], y[2], y[3]};
}

// One phase as a plain convolution.
struct Part {
  Conv2dPlan plan;
  PhaseAxis vertical, horizontal;
  std::int64_t packed_floats = 0, map_floats = 0;
};

// The convolution for two threads, whatever their number, so that results do not depend on it.
std::optional<Conv2dPlan> plan_in(const NodeContext& c, const Conv2dShape& shape, int in_block, int out_block) {
  const int block = c.kernels.channel_block;
  for (ConvAlgorithm algorithm : conv2d_algorithms(c.kernels, shape, {2, c.winograd})) {
    Conv2dPlan plan{&c.kernels, shape, algorithm};
    if ((plan.blocked_input() ? block : 1) == in_block && (plan.blocked_output() ? block : 1) == out_block) return plan;
  }
  return std::nullopt;
}

// --- Separate phases: blocked (or plain) in and out ---

std::vector<Part> separate_parts(const NodeContext& c, int block, bool* fits) {
  const Geometry g = geometry_of(c);
  std::vector<Part> parts;
  *fits = true;
  for (const PhaseAxis& v : phases_of(g.out_h, g.kernel_h, g.stride_h, g.dilation_h, g.pad_top))
    for (const PhaseAxis& h : phases_of(g.out_w, g.kernel_w, g.stride_w, g.dilation_w, g.pad_left)) {
      Conv2dShape s = g.shape;
      s.kernel_h = std::max<std::int64_t>(1, static_cast<std::int64_t>(v.taps.size()));
      s.kernel_w = std::max<std::int64_t>(1, static_cast<std::int64_t>(h.taps.size()));
      s.pad_top = v.pad, s.pad_left = h.pad, s.dilation_h = v.dilation, s.dilation_w = h.dilation;
      s.out_h = v.skip + v.count, s.out_w = h.skip + h.count;
      const std::optional<Conv2dPlan> plan = plan_in(c, s, block, block);
      if (!plan) *fits = false;
      if (!plan) return {};
      Part part{*plan, v, h};
      part.packed_floats = conv2d_packed_floats(*plan);
      const std::int64_t channels = (s.out_c + block - 1) / block * block;
      part.map_floats = s.batch * channels * s.out_h * s.out_w;
      parts.push_back(std::move(part));
    }
  return parts;
}

// Weights of the transposed convolution, [in][out / groups][kh][kw], as those of the phase: [out][in / groups][taps].
void phase_weights(const Geometry& g, const Part& part, const float* w, float* to) {
  const Conv2dShape& s = part.plan.shape;
  const std::int64_t in_group = s.in_c / s.groups, out_group = s.out_c / s.groups;
  const bool empty = part.vertical.taps.empty() || part.horizontal.taps.empty();
  for (std::int64_t o = 0; o < s.out_c; ++o)
    for (std::int64_t i = 0; i < in_group; ++i) {
      const std::int64_t from = (o / out_group * in_group + i) * out_group + o % out_group;
      for (std::int64_t y = 0; y < s.kernel_h; ++y)
        for (std::int64_t x = 0; x < s.kernel_w; ++x)
          *to++ = empty ? 0
                        : w[(from * g.kernel_h + part.vertical.taps[static_cast<std::size_t>(y)]) * g.kernel_w +
                            part.horizontal.taps[static_cast<std::size_t>(x)]];
    }
}

std::int64_t phase_weight_floats(const Part& part) {
  const Conv2dShape& s = part.plan.shape;
  return s.out_c * (s.in_c / s.groups) * s.kernel_h * s.kernel_w;
}

template <int lanes>
void spread_row(const float* from, float* to, std::int64_t count, std::int64_t step) {
  for (std::int64_t x = 0; x < count; ++x) std::memcpy(to + x * step * lanes, from + x * lanes, lanes * sizeof(float));
}

// Pixels of the phase's map to their places in the output.
void spread(const Geometry& g, const Part& part, std::int64_t block, const float* map, float* out, ThreadPool& pool) {
  const Conv2dShape& s = part.plan.shape;
  const PhaseAxis &v = part.vertical, &h = part.horizontal;
  const std::int64_t planes = s.batch * ((s.out_c + block - 1) / block);
  pool.parallel_for(planes * v.count, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t plane = row / v.count, y = row % v.count;
      const float* from = map + ((plane * s.out_h + v.skip + y) * s.out_w + h.skip) * block;
      float* to = out + ((plane * g.out_h + v.first + y * g.stride_h) * g.out_w + h.first) * block;
      if (block == 16)
        spread_row<16>(from, to, h.count, g.stride_w);
      else if (block == 8)
        spread_row<8>(from, to, h.count, g.stride_w);
      else
        spread_row<1>(from, to, h.count, g.stride_w);
    }
  });
}

CompiledOp compile_separate(const NodeContext& c) {
  bool fits = false;
  const int block = c.out().block;
  const Geometry g = geometry_of(c);
  std::vector<Part> parts = separate_parts(c, block, &fits);
  FRUGAL_ASSERT(fits);
  std::int64_t map = 0, scratch = 0, packed = 0, raw = 0;
  for (const Part& part : parts) {
    map = std::max(map, part.map_floats);
    scratch = std::max(scratch, conv2d_scratch_floats(part.plan, c.threads));
    raw = std::max(raw, phase_weight_floats(part));
    packed += part.packed_floats;
  }
  auto up = [](std::int64_t floats) { return (floats + 15) / 16 * 16; };
  // Packs all phases one behind the other; `space` holds the weights of one phase.
  auto pack = [g, parts, up](const float* w, float* space, float* to) {
    for (const Part& part : parts) {
      phase_weights(g, part, w, space);
      conv2d_pack(part.plan, space, to);
      to += up(part.packed_floats);
    }
  };
  packed += 16 * static_cast<std::int64_t>(parts.size());
  Tensor weights;  // packed now if they are known, else in every run
  if (c.constants[1]) {
    Tensor space(DType::f32, {raw});
    weights = Tensor(DType::f32, {packed});
    pack(c.constants[1]->data<float>(), space.data<float>(), weights.data<float>());
  }
  const Epilogue epilogue = c.epilogue.with(nullptr, nullptr);
  const bool one = parts.size() == 1 && parts[0].vertical.skip + parts[0].horizontal.skip == 0;  // stride 1
  auto run = [=](const RunArgs& args) {
    Epilogue e = epilogue;
    if (args.in.size() > 2) e.bias = args.f32_in(2);
    float *made = reinterpret_cast<float*>(args.scratch), *space = made + up(map), *dynamic = space + up(scratch);
    if (!weights.defined()) pack(args.f32_in(1), dynamic + packed, dynamic);
    const float* w = weights.defined() ? weights.data<float>() : dynamic;
    for (const Part& part : parts) {
      conv2d_run(part.plan, args.pool, args.f32_in(0), w, one ? args.f32_out() : made, e, space);
      if (!one) spread(g, part, block, made, args.f32_out(), args.pool);
      w += up(part.packed_floats);
    }
  };
  const std::int64_t floats = up(map) + up(scratch) + (weights.defined() ? 0 : packed + raw);
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(floats) * sizeof(float),
          .algorithm = "phases, " + std::string(parts.empty() ? "none" : name(parts[0].plan.algorithm)),
          .packed_bytes = weights.bytes()};
}

// --- Few output channels: all phases as channels of one convolution, the output plain ---

struct Joint {
  Conv2dPlan plan;
  JointAxis vertical, horizontal;
};

bool wants_joint(const Geometry& g, std::int64_t block) {
  const std::int64_t phases = g.stride_h * g.stride_w;
  return g.shape.groups == 1 && g.dilation_h == 1 && g.dilation_w == 1 && phases > 1 && g.shape.out_c * 2 <= block &&
         g.out_h > 0 && g.out_w > 0;
}

std::optional<Joint> joint_of(const NodeContext& c, int in_block) {
  const Geometry g = geometry_of(c);
  if (!wants_joint(g, c.kernels.channel_block)) return std::nullopt;
  const JointAxis v = joint_phases(g.out_h, g.kernel_h, g.stride_h, g.pad_top),
                  h = joint_phases(g.out_w, g.kernel_w, g.stride_w, g.pad_left);
  Conv2dShape s = g.shape;
  s.out_c *= g.stride_h * g.stride_w;
  s.kernel_h = v.window, s.kernel_w = h.window, s.pad_top = v.pad, s.pad_left = h.pad;
  s.out_h = v.count, s.out_w = h.count;
  std::optional<Conv2dPlan> plan = plan_in(c, s, in_block, c.kernels.channel_block);
  if (in_block == 1 && conv2d_prefers_pixels(c.kernels, s)) plan = Conv2dPlan{&c.kernels, s, ConvAlgorithm::pixels};
  if (!plan) return std::nullopt;
  return Joint{*plan, v, h};
}

// Channel (phase_y * stride_w + phase_x) * out_c + o of the joint convolution, tap by tap.
void joint_weights(const Geometry& g, const Joint& j, const float* w, float* to) {
  const Conv2dShape& s = j.plan.shape;
  for (std::int64_t channel = 0; channel < s.out_c; ++channel) {
    const std::int64_t o = channel % g.shape.out_c, phase = channel / g.shape.out_c;
    for (std::int64_t i = 0; i < s.in_c; ++i)
      for (std::int64_t y = 0; y < s.kernel_h; ++y)
        for (std::int64_t x = 0; x < s.kernel_w; ++x) {
          const std::int64_t ky = phase / g.stride_w + (s.kernel_h - 1 - y) * g.stride_h,
                             kx = phase % g.stride_w + (s.kernel_w - 1 - x) * g.stride_w;
          const bool there = ky < g.kernel_h && kx < g.kernel_w;
          *to++ = there ? w[((i * g.shape.out_c + o) * g.kernel_h + ky) * g.kernel_w + kx] : 0;
        }
  }
}

// From the joint map, whose channels lie in blocks of `block`, to the plain output.
void weave(const Geometry& g, const Joint& j, std::int64_t block, const float* map, float* out, ThreadPool& pool) {
  const Conv2dShape& s = j.plan.shape;
  const std::int64_t blocks = (s.out_c + block - 1) / block, planes = g.shape.batch * g.shape.out_c;
  pool.parallel_for(planes * g.out_h, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t plane = row / g.out_h, y = row % g.out_h + g.pad_top;
      const std::int64_t image = plane / g.shape.out_c, o = plane % g.shape.out_c;
      for (std::int64_t phase = 0; phase < g.stride_w; ++phase) {
        const std::int64_t channel = (y % g.stride_h * g.stride_w + phase) * g.shape.out_c + o;
        const float* from =
            map +
            ((image * blocks + channel / block) * s.out_h + y / g.stride_h - j.vertical.first_q) * s.out_w * block +
            channel % block;
        const std::int64_t first = ((phase - g.pad_left) % g.stride_w + g.stride_w) % g.stride_w;
        from += ((first + g.pad_left) / g.stride_w - j.horizontal.first_q) * block;
        float* to = out + row * g.out_w;
        for (std::int64_t x = first; x < g.out_w; x += g.stride_w, from += block) to[x] = *from;
      }
    }
  });
}

CompiledOp compile_joint(const NodeContext& c, const Joint& joint) {
  const Geometry g = geometry_of(c);
  const Conv2dShape& s = joint.plan.shape;
  const std::int64_t block = joint.plan.blocked_output() ? c.kernels.channel_block : 1;
  auto up = [](std::int64_t floats) { return (floats + 15) / 16 * 16; };
  const std::int64_t map = up(s.batch * ((s.out_c + block - 1) / block * block) * s.out_h * s.out_w),
                     scratch = up(conv2d_scratch_floats(joint.plan, c.threads)),
                     packed = up(conv2d_packed_floats(joint.plan)), raw = s.out_c * s.in_c * s.kernel_h * s.kernel_w;
  Tensor weights;
  if (c.constants[1]) {
    Tensor space(DType::f32, {raw});
    weights = Tensor(DType::f32, {packed});
    joint_weights(g, joint, c.constants[1]->data<float>(), space.data<float>());
    conv2d_pack(joint.plan, space.data<float>(), weights.data<float>());
  }
  const Epilogue epilogue = c.epilogue.with(nullptr, nullptr);
  auto run = [=](const RunArgs& args) {
    Epilogue e = epilogue;
    float *made = reinterpret_cast<float*>(args.scratch), *space = made + map, *bias = space + scratch,
          *dynamic = bias + up(s.out_c);
    if (args.in.size() > 2 && args.in[2]) {
      for (std::int64_t i = 0; i < s.out_c; ++i) bias[i] = args.f32_in(2)[i % g.shape.out_c];
      e.bias = bias;
    }
    if (!weights.defined()) {
      joint_weights(g, joint, args.f32_in(1), dynamic + packed);
      conv2d_pack(joint.plan, dynamic + packed, dynamic);
    }
    conv2d_run(joint.plan, args.pool, args.f32_in(0), weights.defined() ? weights.data<float>() : dynamic, made, e,
               space);
    weave(g, joint, block, made, args.f32_out(), args.pool);
  };
  const std::int64_t floats = map + scratch + up(s.out_c) + (weights.defined() ? 0 : packed + raw);
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(floats) * sizeof(float),
          .algorithm = "joint phases, " + std::string(name(joint.plan.algorithm)),
          .packed_bytes = weights.bytes()};
}

CompiledOp compile(const NodeContext& c) {
  if (element_count(c.out().shape) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  if (c.out().block == 1)
    if (std::optional<Joint> joint = joint_of(c, c.in(0).block)) return compile_joint(c, *joint);
  return compile_separate(c);
}

// A weight that is no constant would be blocked like a map.
bool plain_output(const NodeContext& c, int block) { return c.constants[1] && joint_of(c, block).has_value(); }

bool prefers_plain(const NodeContext& c) {
  const std::optional<Joint> joint = joint_of(c, 1);
  return joint && joint->plan.algorithm == ConvAlgorithm::pixels;
}

bool can_block(const NodeContext& c, int block) {
  if (!c.constants[1] || block != c.kernels.channel_block || element_count(c.out().shape) == 0) return false;
  bool fits = false;
  if (c.out().block > 1) separate_parts(c, block, &fits);
  return fits;
}

}  // namespace

FRUGAL_ENGINE(conv_transpose2d) {
  registry.add("conv_transpose2d", {.compile = compile,
                                    .fuses_activation = true,
                                    .can_block = can_block,
                                    .plain_output = plain_output,
                                    .prefers_plain = prefers_plain,
                                    .prefers_blocked = true});
}

}  // namespace frugal
