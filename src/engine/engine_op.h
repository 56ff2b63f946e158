// How an op is run: the binding of an op to kernels, and what the compiler may do with it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frugal/graph.h"
#include "frugal/tensor.h"
#include "kernels/kernels.h"

namespace frugal {

class KvStep;

// A value as the engine stores it. `shape` is always the logical one (NCHW for pictures).
// block > 1: channels in blocks, memory [N, ceil(C/block), H, W, block], lanes of the last block beyond C hold
// anything (kernels/types.h).
// grids > 1: bytes on several grids (ByteRounding), memory [N, grids, C, H, W].
struct StoredType {
  DType dtype = DType::f32;
  Shape shape;
  int block = 1;
  int grids = 1;
  std::size_t bytes() const;
};

// What the compiler has fused into a node's store, in the order that kernels/types.h gives for Epilogue.
// Where a residual is fused, its place among the node's inputs is NodeContext::residual_input.
struct EpilogueSpec {
  ActivationSpec activation{};
  bool residual = false;
  bool residual_last = false;
  float scale = 1, shift = 0;

  // With the addresses that are known at run time.
  Epilogue with(const float* bias, const float* residual_data) const {
    return {bias, residual_data, activation, residual_last, scale, shift};
  }
};

// How a node rounds its input 0 before it works on it: to one or more grids of bytes (kernels/byte_adder_types.h).
struct ByteRounding {
  std::vector<float> inverse;  // of each grid
  int qmax = 255, zero = 0;
  float limit = 0;
  bool operator==(const ByteRounding&) const = default;
};

// Packed weights, shared by all programs of a session: what one input shape has packed, the next one finds.
// A weight that all readers have packed can be released: its tensor keeps type and shape, but has no data
// (Tensor::defined) until a packing that is not there yet, or a reader of the data itself, asks for it again.
class PackCache {
 public:
  struct Originals {
    std::function<void(const Tensor& weight)> release;
    std::function<void()> restore;  // all that were released
  };
  PackCache() = default;
  explicit PackCache(Originals originals) : originals_(std::move(originals)) {}

  // The packing `kind` of a weight, made by `pack` where it is not there yet. `kind` names everything that the
  // bytes depend on beside the weight itself ("gemm avx2", "winograd_f43 avx512"). A weight is known by its address.
  Tensor get(const Tensor& weight, const std::string& kind, const std::function<Tensor()>& pack);
  std::size_t bytes() const;

  void need(const Tensor& weight) const;  // its data are there when this returns
  void keep(const Tensor& weight);        // the same, and they stay
  void release(const Tensor& weight);     // unless they are kept, or were released and nobody has asked for them since

 private:
  std::map<std::pair<const Tensor*, std::string>, Tensor> packs_;
  std::set<const Tensor*> kept_;
  mutable std::set<const Tensor*> released_;
  Originals originals_{};
};

// Everything known about a node when it is compiled.
struct NodeContext {
  const Node& node;
  std::vector<std::optional<StoredType>> inputs;  // nullopt: an optional input that is absent
  std::vector<StoredType> outputs;
  std::vector<const Tensor*> constants;    // data of inputs that are weights, else nullptr
  EpilogueSpec epilogue{};                 // fused into this node; only if its EngineOp allows
  std::vector<EpilogueSpec> epilogues{};   // of each output, where a group of nodes has become this one; else empty
  int residual_input = -1;                 // index in `inputs` of the fused residual
  std::optional<ByteRounding> rounding{};  // the last output is output 0 so rounded; where it is the only one, no
                                           // floats are asked for
  int threads = 1;
  bool winograd = true;
  bool bf16 = false;  // layers may round their inputs and weights to bfloat16
  bool int8 = false;  // layers of block-quantised weights may round their inputs to 8 bits
  const KernelTable& kernels = active_kernels();
  PackCache* packs = nullptr;  // none: a node compiled on its own
  ThreadPool* pool = nullptr;  // for packing; none: alone

  // Constant input `i` in packed form; from the session's cache where there is one.
  Tensor packed(std::size_t i, const std::string& kind, const std::function<Tensor()>& pack) const {
    return packs ? packs->get(*constants[i], kind, pack) : pack();
  }
  const StoredType& in(std::size_t i) const { return *inputs[i]; }
  const StoredType& out(std::size_t i = 0) const { return outputs[i]; }
  bool has(std::size_t i) const { return i < inputs.size() && inputs[i].has_value(); }
};

// What a compiled node gets at run time. Weight inputs have a pointer too (to the unpacked data).
struct RunArgs {
  std::span<const void* const> in;
  std::span<void* const> out;
  std::byte* scratch;  // CompiledOp::scratch_bytes, aligned to 64
  ThreadPool& pool;
  KvStep* cache = nullptr;  // where the run belongs to a cache of keys and values (engine/kv_cache.h)

  const float* f32_in(std::size_t i) const { return static_cast<const float*>(in[i]); }
  float* f32_out(std::size_t i = 0) const { return static_cast<float*>(out[i]); }
};

// What is fused into a node's store, bound at run time to the addresses of its bias and residual. Made once, so that no
// op picks by hand what it takes along.
class FusedStore {
 public:
  // `bias`: the input that holds one, kNoBias if the op has none; an optional one may be absent.
  static constexpr int kNoBias = -1;
  FusedStore(const NodeContext& c, int bias)
      : spec_(c.epilogue), bias_(bias), residual_(c.epilogue.residual ? c.residual_input : -1) {}

  Epilogue operator()(const RunArgs& args) const { return spec_.with(address(args, bias_), address(args, residual_)); }

 private:
  static const float* address(const RunArgs& args, int input) {
    const auto i = static_cast<std::size_t>(input);
    return input >= 0 && i < args.in.size() ? args.f32_in(i) : nullptr;
  }
  EpilogueSpec spec_;
  int bias_, residual_;
};

struct CompiledOp {
  std::function<void(const RunArgs&)> run;  // must not allocate or throw
  std::size_t scratch_bytes = 0;            // for all threads together
  std::string algorithm;                    // for the profiler: "direct", "winograd_f43", "reference", ...
  std::size_t packed_bytes = 0;             // weights held in packed form (not those from the cache)
  bool weight_unread = false;               // `run` does not read the inputs that EngineOp::packs() names
};

struct EngineOp {
  std::function<CompiledOp(const NodeContext&)> compile;
  // `compile` reads the data of input 1, where that is a weight, in nothing but the function it gives to `packed`: the
  // data may be gone where the packing is there. With `weight_pairs` that holds for inputs 1, 3, 5 ..., each of which
  // is a weight with its bias behind it.
  bool packs_weight = false;
  bool weight_pairs = false;
  bool packs(std::size_t input) const { return packs_weight && (weight_pairs ? input % 2 == 1 : input == 1); }

  // Fusion. As a producer: may it take an activation (and numbers multiplied with it and added) / a residual add into
  // its store?
  bool fuses_activation = false;
  bool fuses_residual = false;
  bool fuses_channel_slopes = false;  // prelu too: the channels of the store are dim 1
  // As a consumer of one value: the activation it would become in its producer (relu -> Activation::relu).
  // A prelu leaves the slope empty: it is constant input 1, one number a channel or one for all.
  std::function<std::optional<ActivationSpec>(const Node&)> as_activation = nullptr;
  // As a consumer: how it rounds input 0, if it could as well read it so rounded (StoredType::grids). As a producer:
  // can it store its output rounded, beside the floats or in their place (NodeContext::rounding)?
  std::function<std::optional<ByteRounding>(const NodeContext&)> rounds_input = nullptr;
  bool stores_rounded = false;
  bool is_residual_add = false;  // two inputs of one shape, the sum of both
  bool work_varies = false;      // with what no shape tells: the op decides itself whether threads are worth it
  bool is_scale = false;         // a product of two inputs; one that is a known number goes into the producer's store

  // Layout. Can this node work with channels in blocks of `block` for its rank-4 data inputs and outputs?
  // none: the plain layout only. `plain_input_ok`: a blocked output can be made straight from a plain input 0.
  // `plain_output`: from blocked inputs the output is better made in the plain layout (asked before can_block).
  std::function<bool(const NodeContext&, int block)> can_block = nullptr;
  std::function<bool(const NodeContext&, int block)> plain_input_ok = nullptr;
  std::function<bool(const NodeContext&, int block)> plain_output = nullptr;
  // A network most of whose work prefers the plain layout keeps it: few channels that fill no blocks.
  std::function<bool(const NodeContext&)> prefers_plain = nullptr;
  bool prefers_blocked = false;  // worth a reorder of its input (convolutions)

  // Memory. `view`: the output is input 0 under another shape (reshape), no work at all.
  // `in_place`: output 0 may share the memory of input 0 where that dies here and has equal bytes.
  // `concat_axis`: output 0 is the inputs side by side along this axis; `split_axis`: the outputs are input 0
  // cut along it. Parts become slices of the whole where each is one run of memory (then data pointers are
  // aligned to no more than an element).
  bool view = false;
  bool in_place = false;
  std::function<int(const NodeContext&)> concat_axis = nullptr;
  std::function<int(const NodeContext&)> split_axis = nullptr;
};

class EngineRegistry {
 public:
  static EngineRegistry& instance();
  void add(const std::string& op, EngineOp engine_op);
  const EngineOp& get(std::string_view op) const;  // Error: this op cannot be run by the engine
  const EngineOp* find(std::string_view op) const;

 private:
  std::unordered_map<std::string, EngineOp> ops_;
};

void register_all_engine(EngineRegistry& registry);  // generated by CMake

// In ops/<name>/engine.cpp, inside namespace frugal:
//   FRUGAL_ENGINE(relu) { registry.add("relu", {.compile = ..., .in_place = true}); }
#define FRUGAL_ENGINE(id) void register_engine_##id(EngineRegistry& registry)

}  // namespace frugal
