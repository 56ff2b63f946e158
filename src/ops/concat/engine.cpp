#include <algorithm>
#include <cstring>

#include "graph/op.h"
#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {
namespace {

std::int64_t axis_of(const NodeContext& c) {
  std::int64_t axis = attr_int(c.node, "axis");
  return axis < 0 ? axis + static_cast<std::int64_t>(c.out().shape.size()) : axis;
}

bool can_block(const NodeContext& c, int) { return all_rank4(c); }

// A run of channels that lies within one block of a part and one block of the whole.
struct Run {
  std::size_t input;
  std::int64_t from_block, from_lane, to_lane, channels;
};

// Runs of every block of the whole, in blocked layout.
std::vector<std::vector<Run>> runs_of(const NodeContext& c) {
  const std::int64_t block = c.out().block;
  std::vector<std::vector<Run>> out(static_cast<std::size_t>((c.out().shape[1] + block - 1) / block));
  std::int64_t at = 0;
  for (std::size_t i = 0; i < c.inputs.size(); ++i)
    for (std::int64_t from = 0, left = c.in(i).shape[1]; left > 0;) {
      const std::int64_t n = std::min({left, block - from % block, block - at % block});
      out[static_cast<std::size_t>(at / block)].push_back({i, from / block, from % block, at % block, n});
      at += n, from += n, left -= n;
    }
  return out;
}

template <int n, typename T>
void copy_lanes(const T* from, T* to, std::int64_t pixels, std::int64_t block) {
  for (std::int64_t p = 0; p < pixels; ++p) std::memcpy(to + p * block, from + p * block, n * sizeof(T));
}

template <typename T>
void copy_lanes(const T* from, T* to, std::int64_t pixels, std::int64_t block, std::int64_t n) {
  switch (n) {  // a constant length is one or two vector moves
    case 4: return copy_lanes<4>(from, to, pixels, block);
    case 8: return copy_lanes<8>(from, to, pixels, block);
    case 12: return copy_lanes<12>(from, to, pixels, block);
    case 16: return copy_lanes<16>(from, to, pixels, block);
    default:
      for (std::int64_t p = 0; p < pixels; ++p)
        for (std::int64_t l = 0; l < n; ++l) to[p * block + l] = from[p * block + l];
  }
}

// Channels in blocks that do not all begin at a block of the whole: lane by lane.
template <typename T>
CompiledOp compile_lanes(const NodeContext& c) {
  const std::int64_t block = c.out().block, pixels = c.out().shape[2] * c.out().shape[3], images = c.out().shape[0];
  const std::vector<std::vector<Run>> runs = runs_of(c);
  const auto blocks = static_cast<std::int64_t>(runs.size());
  std::vector<std::int64_t> part_blocks;
  for (const auto& in : c.inputs) part_blocks.push_back((in->shape[1] + block - 1) / block);
  auto run = [=](const RunArgs& args) {
    args.pool.parallel_for(images * blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        T* to = static_cast<T*>(args.out[0]) + i * pixels * block;
        for (const Run& r : runs[static_cast<std::size_t>(i % blocks)]) {
          const std::int64_t from_block = i / blocks * part_blocks[r.input] + r.from_block;
          copy_lanes(static_cast<const T*>(args.in[r.input]) + from_block * pixels * block + r.from_lane,
                     to + r.to_lane, pixels, block, r.channels);
        }
      }
    });
  };
  return {.run = run, .algorithm = "copy_lanes"};
}

CompiledOp compile(const NodeContext& c) {
  if (c.out().block > 1)  // then all have four dims
    for (const auto& in : c.inputs)
      if (!whole_blocks(axis_of(c), 0, in->shape[1], c.out().block))
        return c.out().dtype == DType::u8 ? compile_lanes<std::uint8_t>(c) : compile_lanes<float>(c);
  struct Part {
    CopyPlan plan;
    std::size_t offset;  // bytes
  };
  std::vector<Part> parts;
  const auto axis = static_cast<std::size_t>(axis_of(c));
  const auto element = static_cast<std::size_t>(dtype_info(c.out().dtype).block_bytes);
  const Shape out_strides = dense_strides(memory_shape(c.out()));
  std::size_t offset = 0;
  for (const auto& in : c.inputs) {
    Shape size = memory_shape(*in);
    parts.push_back({CopyPlan(size, dense_strides(size), out_strides, element), offset});
    offset += static_cast<std::size_t>(size[axis] * out_strides[axis]) * element;
  }
  auto run = [parts](const RunArgs& args) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Part& part = parts[i];
      args.pool.parallel_for(part.plan.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
        part.plan.run(args.in[i], static_cast<std::byte*>(args.out[0]) + part.offset, begin, end);
      });
    }
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(concat) {
  registry.add("concat", {.compile = compile, .can_block = can_block, .concat_axis = [](const NodeContext& c) {
                            return static_cast<int>(axis_of(c));
                          }});
}

}  // namespace frugal
