#include "tensor/slab.h"

namespace frugal {
namespace {

constexpr std::int64_t kSlab = std::int64_t{32} << 20, kLarge = kSlab / 4;  // large ones are mapped on their own

struct Slab {
  Tensor memory{DType::u8, {kSlab}};  // pages come when they are touched
  std::int64_t used = 0;
};

}  // namespace

Tensor slab_tensor(std::int64_t bytes) {
  thread_local std::weak_ptr<Slab> current;
  const std::int64_t room = (bytes + 127) / 64 * 64;
  if (room > kLarge) return Tensor(DType::u8, {bytes});
  std::shared_ptr<Slab> slab = current.lock();
  if (!slab || slab->used + room > kSlab) current = slab = std::make_shared<Slab>();
  auto* data = slab->memory.data<std::uint8_t>() + slab->used;
  slab->used += room;
  return Tensor::wrap(DType::u8, {bytes}, data, slab);
}

}  // namespace frugal
