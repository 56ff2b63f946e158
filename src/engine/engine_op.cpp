#include "engine/engine_op.h"

#include "base/check.h"

namespace frugal {

std::size_t StoredType::bytes() const {
  if (block == 1) return byte_size(dtype, shape) * static_cast<std::size_t>(grids);
  Shape padded = shape;
  padded[1] = (padded[1] + block - 1) / block * block;
  return byte_size(dtype, padded);
}

Tensor PackCache::get(const Tensor& weight, const std::string& kind, const std::function<Tensor()>& pack) {
  Tensor& slot = packs_[{&weight, kind}];
  if (!slot.defined()) {
    need(weight);
    slot = pack();
  }
  return slot;
}

void PackCache::need(const Tensor& weight) const {
  released_.erase(&weight);
  if (weight.defined()) return;
  FRUGAL_ASSERT(originals_.restore);
  originals_.restore();
  released_.clear();
  FRUGAL_ASSERT(weight.defined());
}

void PackCache::keep(const Tensor& weight) {
  need(weight);
  kept_.insert(&weight);
}

void PackCache::release(const Tensor& weight) {
  if (originals_.release && !kept_.contains(&weight) && released_.insert(&weight).second) originals_.release(weight);
}

std::size_t PackCache::bytes() const {
  std::size_t total = 0;
  for (const auto& [key, tensor] : packs_) total += tensor.bytes();
  return total;
}

EngineRegistry& EngineRegistry::instance() {
  static EngineRegistry* registry = [] {
    auto* r = new EngineRegistry;
    register_all_engine(*r);
    return r;
  }();
  return *registry;
}

void EngineRegistry::add(const std::string& op, EngineOp engine_op) {
  FRUGAL_ASSERT(engine_op.compile || engine_op.view);
  FRUGAL_ASSERT(ops_.emplace(op, std::move(engine_op)).second);
}

const EngineOp* EngineRegistry::find(std::string_view op) const {
  auto found = ops_.find(std::string(op));
  return found == ops_.end() ? nullptr : &found->second;
}

const EngineOp& EngineRegistry::get(std::string_view op) const {
  if (const EngineOp* found = find(op)) return *found;
  fail("the engine cannot run the op '{}'", op);
}

}  // namespace frugal
