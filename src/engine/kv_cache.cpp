#include "engine/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/check.h"
#include "graph/op.h"
#include "kernels/attend.h"
#include "kernels/kernels.h"
#include "tensor/slab.h"

namespace frugal {

std::vector<CacheLayer> cache_layers(const Graph& graph) {
  std::vector<CacheLayer> layers;
  for (const Node& node : graph.nodes()) {
    if (node.op->name != "ragged_attention") continue;
    const auto layer = static_cast<std::size_t>(attr_int(node, "layer"));
    const std::int64_t heads = attr_int(node, "kv_heads");
    auto width = [&](std::size_t input) { return graph.value(node.inputs[input]).type.shape[1].value(); };
    if (layers.size() <= layer) layers.resize(layer + 1);
    if (layers[layer].heads != 0) fail("two attention nodes of '{}' have the layer {}", graph.name(), layer);
    layers[layer] = {heads, width(1) / heads, width(2) / heads};
  }
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (layers[i].heads == 0) fail("no attention node of '{}' has the layer {}", graph.name(), i);
  return layers;
}

KvCache::KvCache(std::vector<CacheLayer> layers, CacheType type, std::size_t max_bytes)
    : layers_(std::move(layers)), type_(type) {
  for (const CacheLayer& layer : layers_) {
    layer_offset_.push_back(page_bytes_);
    key_bytes_.push_back(key_page_bytes(type, layer.key_depth));
    value_bytes_.push_back(value_page_bytes(type, layer.value_depth));
    page_bytes_ += static_cast<std::size_t>(layer.heads) * (key_bytes_.back() + value_bytes_.back());
  }
  page_bytes_ = std::max<std::size_t>((page_bytes_ + 63) / 64 * 64, 64);
  max_pages_ = max_bytes / page_bytes_;
  if (max_pages_ == 0)
    fail("a cache of {} bytes is too small: {} tokens take {} bytes", max_bytes, kPageCells, page_bytes_);
}

std::int64_t KvCache::free_cells() const {
  return static_cast<std::int64_t>(max_pages_ - pages_.size() + free_.size()) * kPageCells;
}

KvCache::Sequence& KvCache::at(int sequence) {
  FRUGAL_ASSERT(sequence >= 0 && static_cast<std::size_t>(sequence) < sequences_.size());
  FRUGAL_ASSERT(sequences_[static_cast<std::size_t>(sequence)].open);
  return sequences_[static_cast<std::size_t>(sequence)];
}
const KvCache::Sequence& KvCache::at(int sequence) const { return const_cast<KvCache*>(this)->at(sequence); }

int KvCache::open() {
  auto free = std::find_if(sequences_.begin(), sequences_.end(), [](const Sequence& s) { return !s.open; });
  if (free == sequences_.end()) free = sequences_.emplace(sequences_.end());
  *free = Sequence{};
  free->open = true;
  return static_cast<int>(free - sequences_.begin());
}

int KvCache::fork(int sequence, int cells) {
  FRUGAL_ASSERT(cells >= 0 && cells <= at(sequence).cells);
  const int made = open();
  const Sequence& from = at(sequence);
  Sequence& to = at(made);
  to.cells = cells;
  const auto pages = static_cast<std::size_t>((cells + kPageCells - 1) / kPageCells);
  to.pages.assign(from.pages.begin(), from.pages.begin() + static_cast<std::ptrdiff_t>(pages));
  for (int page : to.pages) ++users_[static_cast<std::size_t>(page)];
  if (!from.positions.empty()) {
    to.positions.assign(from.positions.begin(),
                        from.positions.begin() + std::min<std::ptrdiff_t>(cells, std::ssize(from.positions)));
    to.hidden.assign(from.hidden.begin(),
                     from.hidden.begin() + std::min<std::ptrdiff_t>(std::ssize(to.pages), std::ssize(from.hidden)));
  }
  return made;
}

void KvCache::close(int sequence) {
  for (int page : at(sequence).pages) drop_page(page);
  at(sequence) = Sequence{};
}

int KvCache::cells(int sequence) const { return at(sequence).cells; }

int KvCache::take_page() {
  if (!free_.empty()) {
    const int page = free_.back();
    free_.pop_back();
    users_[static_cast<std::size_t>(page)] = 1;
    return page;
  }
  pages_.push_back(slab_tensor(static_cast<std::int64_t>(page_bytes_)));
  std::memset(pages_.back().raw(), 0, page_bytes_);  // the padding of values is read
  users_.push_back(1);
  return static_cast<int>(pages_.size()) - 1;
}

void KvCache::drop_page(int page) {
  if (--users_[static_cast<std::size_t>(page)] == 0) free_.push_back(page);
}

void KvCache::reserve(int sequence, int cells) {
  Sequence& s = at(sequence);
  const auto wanted = static_cast<std::size_t>((cells + kPageCells - 1) / kPageCells);
  const auto own_from = static_cast<std::size_t>(s.cells / kPageCells);  // the first page that is written
  std::size_t fresh = wanted > s.pages.size() ? wanted - s.pages.size() : 0;
  for (std::size_t i = own_from; i < s.pages.size(); ++i)
    fresh += users_[static_cast<std::size_t>(s.pages[i])] > 1 ? 1 : 0;
  if (fresh > max_pages_ - pages_.size() + free_.size())
    fail(
        "the cache is full: {} more tokens do not fit beside the {} pages in use; allow it more memory or shorten the "
        "texts",
        cells - s.cells, pages_.size() - free_.size());
  for (std::size_t i = own_from; i < s.pages.size(); ++i) {
    const int shared = s.pages[i];
    if (users_[static_cast<std::size_t>(shared)] == 1) continue;
    s.pages[i] = take_page();
    std::memcpy(memory(s.pages[i]), memory(shared), page_bytes_);
    drop_page(shared);
  }
  while (s.pages.size() < wanted) s.pages.push_back(take_page());
  if (!s.hidden.empty()) s.hidden.resize(std::max(s.hidden.size(), s.pages.size()));
}

void KvCache::commit(int sequence, int cells) {
  Sequence& s = at(sequence);
  const auto kept = static_cast<std::size_t>((cells + kPageCells - 1) / kPageCells);
  FRUGAL_ASSERT(cells >= 0 && kept <= s.pages.size());
  s.cells = cells;
  while (s.pages.size() > kept) {
    drop_page(s.pages.back());
    s.pages.pop_back();
  }
}

void KvCache::place(int sequence, int first, std::span<const std::int32_t> positions) {
  Sequence& s = at(sequence);
  const auto end = static_cast<std::size_t>(first) + positions.size();
  while (s.positions.size() < end) s.positions.push_back(static_cast<std::int32_t>(s.positions.size()));
  if (s.hidden.size() * kPageCells < end) s.hidden.resize((end + kPageCells - 1) / kPageCells);
  std::int32_t before = first > 0 ? s.positions[static_cast<std::size_t>(first) - 1] : -1;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::size_t cell = static_cast<std::size_t>(first) + i;
    const auto bit = static_cast<std::uint16_t>(1u << (cell % kPageCells));
    std::uint16_t& word = s.hidden[cell / kPageCells];
    word = static_cast<std::uint16_t>(positions[i] < 0 ? word | bit : word & ~bit);
    if (positions[i] >= 0) before = positions[i];
    s.positions[cell] = before;  // never falls, so that a window's first cell can be searched
  }
}

std::size_t KvCache::key_offset(int layer, std::int64_t head) const {
  const auto l = static_cast<std::size_t>(layer);
  return layer_offset_[l] + static_cast<std::size_t>(head) * (key_bytes_[l] + value_bytes_[l]);
}
std::size_t KvCache::value_offset(int layer, std::int64_t head) const {
  return key_offset(layer, head) + key_bytes_[static_cast<std::size_t>(layer)];
}

void KvCache::fill_stale(float value) {
  const AttendTable& table = kernels(Isa::scalar).attend;
  auto fill = [&](int page, int first) {
    std::byte* const bytes = memory(page);
    for (std::size_t l = 0; l < layers_.size(); ++l)
      for (std::int64_t head = 0; head < layers_[l].heads; ++head)
        for (int cell = first; cell < kPageCells; ++cell) {
          const std::vector<float> k(static_cast<std::size_t>(layers_[l].key_depth), value);
          const std::vector<float> v(static_cast<std::size_t>(layers_[l].value_depth), value);
          const int layer = static_cast<int>(l);
          table.store_keys(type_, layers_[l].key_depth, k.data(), bytes + key_offset(layer, head), cell);
          table.store_values(type_, layers_[l].value_depth, v.data(), bytes + value_offset(layer, head), cell);
        }
  };
  for (int page : free_) fill(page, 0);
  for (const Sequence& s : sequences_)
    for (std::size_t p = 0; p < s.pages.size(); ++p) {
      const int first = std::clamp(s.cells - static_cast<int>(p) * kPageCells, 0, kPageCells);
      if (users_[static_cast<std::size_t>(s.pages[p])] == 1) fill(s.pages[p], first);
    }
}

void KvStep::begin(std::span<const std::int32_t> sequences, std::span<const std::int32_t> positions,
                   std::span<const std::int32_t> cells) {
  FRUGAL_ASSERT(sequences.size() == positions.size() && sequences.size() == cells.size());
  sequences_.assign(sequences.begin(), sequences.end());
  positions_.assign(positions.begin(), positions.end());
  cells_.assign(cells.begin(), cells.end());
  order_.resize(cells_.size());
  std::iota(order_.begin(), order_.end(), 0);
  auto key = [&](int row) {
    return std::pair(sequences_[static_cast<std::size_t>(row)], cells_[static_cast<std::size_t>(row)]);
  };
  std::sort(order_.begin(), order_.end(), [&](int a, int b) { return key(a) < key(b); });
  groups_.clear();
  row_cells_ = 0;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const auto [sequence, cell] = key(order_[i]);
    if (groups_.empty() || groups_.back().sequence != sequence)
      groups_.push_back({sequence, static_cast<int>(i), static_cast<int>(i), 0});
    groups_.back().end = static_cast<int>(i) + 1;
    groups_.back().cells = cell + 1;
    row_cells_ += cell + 1;
    FRUGAL_ASSERT(cell >= 0 && static_cast<std::size_t>(cell) < cache_.at(sequence).pages.size() * kPageCells);
  }
}

int KvStep::first_cell(const Group& group, int row, std::int64_t window) const {
  const std::int64_t lowest = positions_[static_cast<std::size_t>(row)] + 1 - window;
  if (window <= 0 || lowest <= 0) return 0;
  const std::vector<std::int32_t>& positions = cache_.at(group.sequence).positions;
  if (positions.empty()) return static_cast<int>(lowest);
  return static_cast<int>(std::lower_bound(positions.begin(), positions.end(), lowest) - positions.begin());
}

std::byte* KvStep::page(const Group& group, int page) const {
  const int id = cache_.at(group.sequence).pages[static_cast<std::size_t>(page)];
  return cache_.memory(id);
}
std::byte* KvStep::keys(const Group& group, int p, int layer, std::int64_t head) const {
  return page(group, p) + cache_.key_offset(layer, head);
}
std::byte* KvStep::values(const Group& group, int p, int layer, std::int64_t head) const {
  return page(group, p) + cache_.value_offset(layer, head);
}
const std::uint16_t* KvStep::hidden(const Group& group) const {
  const std::vector<std::uint16_t>& hidden = cache_.at(group.sequence).hidden;
  return hidden.empty() ? nullptr : hidden.data();
}

}  // namespace frugal
