#include "engine/program.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/check.h"
#include "engine/memory_plan.h"
#include "graph/op.h"

namespace frugal {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

// Waking and joining the pool costs a few microseconds: what one thread does in about that time, it does alone.
bool too_small_to_share(const Plan& plan, const PlanStep& step, std::int64_t macs) {
  if (step.op && step.op->work_varies) return false;
  constexpr double kMacsPerMicrosecond = 40e3, kBytesPerMicrosecond = 16e3, kMicroseconds = 4;
  double bytes = 0;
  for (ValueId id : step.inputs) bytes += id == kNone ? 0 : static_cast<double>(plan.value(id).bytes());
  for (ValueId id : step.outputs) bytes += static_cast<double>(plan.value(id).bytes());
  return static_cast<double>(macs) / kMacsPerMicrosecond + bytes / kBytesPerMicrosecond < kMicroseconds;
}

// The same for bytes, which seldom change their layout.
void reorder_bytes(std::int64_t channels, std::int64_t pixels, std::int64_t block, std::int64_t b, bool to_blocks,
                   const std::uint8_t* in, std::uint8_t* out) {
  for (std::int64_t c = b * block; c < std::min(channels, (b + 1) * block); ++c)
    for (std::int64_t p = 0; p < pixels; ++p) {
      const std::int64_t plain = c * pixels + p, blocked = (b * pixels + p) * block + c % block;
      out[to_blocks ? blocked : plain] = in[to_blocks ? plain : blocked];
    }
}

CompiledOp compile_reorder(const StoredType& from, const StoredType& to, const KernelTable& table) {
  const std::int64_t images = from.shape[0], channels = from.shape[1], pixels = from.shape[2] * from.shape[3];
  const bool blocks = to.block > 1;
  const std::int64_t block = blocks ? to.block : from.block, count = (channels + block - 1) / block;
  const std::int64_t plain_image = channels * pixels, blocked_image = count * block * pixels;
  const bool bytes = from.dtype == DType::u8;
  auto run = [=, &table](const RunArgs& args) {
    args.pool.parallel_for(images * count, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::int64_t image = i / count, b = i % count;
        if (bytes)
          reorder_bytes(channels, pixels, block, b, blocks,
                        static_cast<const std::uint8_t*>(args.in[0]) + image * (blocks ? plain_image : blocked_image),
                        static_cast<std::uint8_t*>(args.out[0]) + image * (blocks ? blocked_image : plain_image));
        else if (blocks)
          table.to_blocked(channels, pixels, args.f32_in(0) + image * plain_image,
                           args.f32_out() + image * blocked_image, b, b + 1);
        else
          table.to_plain(channels, pixels, args.f32_in(0) + image * blocked_image, args.f32_out() + image * plain_image,
                         b, b + 1);
      }
    });
  };
  return {.run = run, .algorithm = blocks ? "to_blocked" : "to_plain"};
}

// The parts of a concat that do not lie in the whole already.
CompiledOp compile_copies(const Plan& plan, const PlanStep& step, const std::vector<int>& copies) {
  struct Copy {
    std::size_t input, offset, bytes;
  };
  std::vector<Copy> list;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    std::size_t bytes = plan.value(step.inputs[i]).bytes();
    if (std::find(copies.begin(), copies.end(), static_cast<int>(i)) != copies.end())
      list.push_back({i, offset, bytes});
    offset += bytes;
  }
  auto run = [list](const RunArgs& args) {
    auto* out = static_cast<std::byte*>(args.out[0]);
    for (const Copy& c : list) {
      constexpr std::int64_t kGrain = 1 << 16;
      args.pool.parallel_for(
          static_cast<std::int64_t>(c.bytes), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
            std::memcpy(out + c.offset + begin, static_cast<const std::byte*>(args.in[c.input]) + begin,
                        static_cast<std::size_t>(end - begin));
          });
    }
  };
  return {.run = run, .algorithm = "copy"};
}

CompiledOp compile_op(const NodeContext& context, const EngineOp& op) {
  try {
    return op.compile(context);
  } catch (const Error& error) {
    fail("node '{}' ({}): {}", context.node.name, context.node.op->name, error.what());
  }
}

// Follows who reads the weights of a plan while it is compiled, so that each is released as soon as the last has packed
// it: never do all weights and all packings lie in memory at once.
class WeightReaders {
 public:
  WeightReaders(const Plan& plan, const Placement& placement, PackCache* packs) : plan_(plan), packs_(packs) {
    if (!packs_) return;
    for (std::size_t s = 0; s < plan.steps.size(); ++s)
      for (ValueId id : plan.steps[s].inputs)
        if (const Tensor* weight = weight_of(id)) {
          ++left_[weight];
          ++all_[weight];
          if (placement.elided[s]) packs_->keep(*weight);  // a view of it
        }
    for (ValueId id : plan.outputs)
      if (const Tensor* weight = weight_of(id)) packs_->keep(*weight);
  }

  // Another step reads one of its weights.
  bool shares(const PlanStep& step) const {
    return std::any_of(step.inputs.begin(), step.inputs.end(), [&](ValueId id) {
      const auto found = all_.find(weight_of(id));
      return found != all_.end() && found->second > 1;
    });
  }

  void before(const PlanStep& step) const {
    for (std::size_t i = 0; packs_ && i < step.inputs.size(); ++i)
      if (const Tensor* weight = weight_of(step.inputs[i]); weight && !(step.op && step.op->packs(i)))
        packs_->need(*weight);
  }

  void after(const PlanStep& step, const CompiledOp& made) {
    for (std::size_t i = 0; packs_ && i < step.inputs.size(); ++i) {
      const Tensor* weight = weight_of(step.inputs[i]);
      if (!weight) continue;
      if (!made.weight_unread || !step.op->packs(i)) packs_->keep(*weight);
      if (--left_[weight] == 0) packs_->release(*weight);
    }
  }

 private:
  const Tensor* weight_of(ValueId id) const { return id == kNone ? nullptr : plan_.value(id).constant; }

  const Plan& plan_;
  PackCache* packs_;
  std::map<const Tensor*, int> left_, all_;  // readers: those that are still to be compiled, and all
};

}  // namespace

Program::Program(const Model& model, std::vector<Shape> input_shapes, const CompileOptions& options)
    : input_shapes_(std::move(input_shapes)), arena_(options.arena ? options.arena : &own_arena_) {
  Plan plan = make_plan(model, input_shapes_);
  if (options.optimize) {
    fuse(plan);
    group_linears(plan);
    if (options.round_in_stores) round_in_stores(plan, options);
    assign_layouts(plan, options);
  }
  Placement placement = place_values(plan, options, options.optimize);
  compile_steps(plan, placement, options);
  bind_memory(plan, placement, options.optimize);
}

void Program::compile_steps(const Plan& plan, const Placement& placement, const CompileOptions& options) {
  WeightReaders readers(plan, placement, options.packs);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (placement.elided[s]) continue;
    const PlanStep& step = plan.steps[s];
    const std::int64_t macs = macs_of(plan, step);
    readers.before(step);
    CompileOptions here = options;
    Step made;
    made.serial = options.threads > 1 && options.optimize && too_small_to_share(plan, step, macs);
    if (made.serial) here.threads = 1;
    // What is only looked up, a row here and there, stays in its file.
    if (macs == 0 && !readers.shares(step)) here.packs = nullptr;
    if (step.kind == PlanStep::Kind::reorder)
      made.op = compile_reorder(plan.value(step.inputs[0]).type, plan.value(step.outputs[0]).type, *options.kernels);
    else if (!placement.copies[s].empty())
      made.op = compile_copies(plan, step, placement.copies[s]);
    else
      made.op = compile_op(context_of(plan, step, here), *step.op);
    readers.after(step, made.op);
    packed_bytes_ += made.op.packed_bytes;
    profile_.push_back({.name = step.name,
                        .op = step.node ? step.node->op->name : "reorder",
                        .algorithm = made.op.algorithm,
                        .macs = macs});
    steps_.push_back(std::move(made));
    plan_step_.push_back(s);
  }
}

void Program::bind_memory(const Plan& plan, const Placement& placement, bool reuse) {
  // One block a storage, then one a step's scratch.
  const int end = static_cast<int>(plan.steps.size());
  std::vector<MemoryBlock> blocks;
  std::vector<std::size_t> block_of(placement.storages.size());
  for (std::size_t i = 0; i < placement.storages.size(); ++i) {
    const Storage& s = placement.storages[i];
    if (s.members.empty() || s.external || s.first < 0) continue;  // moved into another, not ours, fused away
    block_of[i] = blocks.size();
    blocks.push_back(reuse ? MemoryBlock{s.bytes, s.first, s.last} : MemoryBlock{s.bytes, 0, end});
  }
  const std::size_t first_scratch = blocks.size();
  for (std::size_t i = 0; i < steps_.size(); ++i)
    blocks.push_back({steps_[i].op.scratch_bytes, static_cast<int>(plan_step_[i]), static_cast<int>(plan_step_[i])});
  const MemoryPlan memory = plan_memory(blocks);
  arena_bytes_ = memory.bytes;
  arena_->reserve(arena_bytes_);
  std::byte* const base = base_ = arena_->base();

  // Where a value lies; nullptr for what lies in an input, and for a weight that was released.
  auto address = [&](ValueId id) -> std::byte* {
    const auto [storage, offset] = placement.values[static_cast<std::size_t>(id)];
    const Storage& s = placement.storages[static_cast<std::size_t>(storage)];
    if (!s.external) return base + memory.offsets[block_of[static_cast<std::size_t>(storage)]] + offset;
    const Tensor* constant = plan.value(s.members[0]).constant;
    if (!constant || !constant->defined()) return nullptr;
    return static_cast<std::byte*>(const_cast<void*>(constant->raw())) + offset;
  };
  auto lies_in_input = [&](ValueId id) { return plan.value(placement.of(id).members[0]).input >= 0; };
  auto input_of = [&](ValueId id) { return static_cast<std::size_t>(plan.value(placement.of(id).members[0]).input); };

  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const PlanStep& step = plan.steps[plan_step_[i]];
    steps_[i].scratch = base + memory.offsets[first_scratch + i];
    for (std::size_t slot = 0; slot < step.inputs.size(); ++slot) {
      ValueId id = step.inputs[slot];
      steps_[i].in.push_back(id == kNone ? nullptr : address(id));
      if (id != kNone && lies_in_input(id)) input_slots_.push_back({i, slot, input_of(id), placement.offset(id)});
    }
    for (ValueId id : step.outputs) steps_[i].out.push_back(address(id));
  }
  for (ValueId id : plan.outputs) {
    const StoredType& type = plan.value(id).type;
    const std::byte* data = address(id);
    outputs_.push_back({type.dtype, type.shape, data, data ? 0 : input_of(id), placement.offset(id), type.bytes()});
  }
}

// Another program may have made the arena larger since.
void Program::follow_arena() {
  std::byte* const now = arena_->base();
  if (now == base_) return;
  auto moved = [&](const void* p) {
    const auto offset = reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(base_);
    return p && offset < arena_bytes_ ? now + offset : static_cast<std::byte*>(const_cast<void*>(p));
  };
  for (Step& step : steps_) {
    for (const void*& p : step.in) p = moved(p);
    for (void*& p : step.out) p = moved(p);
    step.scratch = moved(step.scratch);
  }
  for (Output& output : outputs_) output.data = moved(output.data);
  base_ = now;
}

void Program::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, ThreadPool& pool, bool profile,
                  KvStep* cache, bool borrow) {
  follow_arena();
  for (const InputSlot& s : input_slots_)
    steps_[s.step].in[s.slot] = static_cast<const std::byte*>(inputs[s.input].raw()) + s.offset;
  const Clock::time_point start = profile ? Clock::now() : Clock::time_point{};
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    const Clock::time_point before = profile ? Clock::now() : Clock::time_point{};
    step.op.run({step.in, step.out, step.scratch, step.serial ? serial_ : pool, cache});
    if (!profile) continue;
    profile_[i].start_milliseconds = milliseconds(before - start);
    profile_[i].milliseconds = milliseconds(Clock::now() - before);
  }
  outputs.resize(outputs_.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Output& o = outputs_[i];
    if (borrow && o.data) {
      outputs[i] = Tensor::wrap(o.dtype, o.shape, const_cast<std::byte*>(o.data), nullptr);
      continue;
    }
    if (!outputs[i].defined() || outputs[i].dtype() != o.dtype || outputs[i].shape() != o.shape)
      outputs[i] = Tensor(o.dtype, o.shape);
    if (o.bytes == 0) continue;
    std::memcpy(outputs[i].raw(), o.data ? o.data : static_cast<const std::byte*>(inputs[o.input].raw()) + o.offset,
                o.bytes);
  }
}

std::vector<Tensor> evaluate_node(const Node& node, const std::vector<const Tensor*>& inputs,
                                  const KernelTable& kernels) {
  auto type = [](const Tensor* t) {
    return t ? ValueType{t->dtype(), SymShape(t->shape().begin(), t->shape().end())} : ValueType{};
  };
  std::vector<ValueType> types;
  for (const Tensor* t : inputs) types.push_back(type(t));
  std::vector<const ValueType*> pointers;
  for (std::size_t i = 0; i < inputs.size(); ++i) pointers.push_back(inputs[i] ? &types[i] : nullptr);
  NodeContext context{.node = node, .inputs = {}, .outputs = {}, .constants = inputs, .kernels = kernels};
  std::vector<const void*> in;
  for (const Tensor* t : inputs) {
    context.inputs.push_back(t ? std::optional(StoredType{t->dtype(), t->shape(), 1}) : std::nullopt);
    in.push_back(t ? t->raw() : nullptr);
  }
  std::vector<Tensor> outputs;
  std::vector<void*> out;
  for (const ValueType& t : node.op->infer(OpContext(node, pointers))) {
    outputs.emplace_back(t.dtype, fixed_shape(t.shape));
    context.outputs.push_back({t.dtype, outputs.back().shape(), 1});
    out.push_back(outputs.back().raw());
  }
  const EngineOp& op = EngineRegistry::instance().get(node.op->name);
  if (op.view) return {inputs[0]->reshape(outputs[0].shape())};
  CompiledOp compiled = op.compile(context);
  Tensor scratch(DType::u8, {static_cast<std::int64_t>(compiled.scratch_bytes)});
  ThreadPool one(1);
  compiled.run({in, out, static_cast<std::byte*>(scratch.raw()), one});
  return outputs;
}

}  // namespace frugal
