#include "graph/op.h"

#include <algorithm>

#include "base/text.h"

namespace frugal {

const ValueType& OpContext::input(std::size_t i) const {
  FRUGAL_ASSERT(has(i));
  return *inputs_[i];
}

void OpContext::refuse(const std::string& sentence) const {
  throw Error(fmt::format("node '{}' ({}): {}", node_.name, node_.op->name, sentence));
}

void OpContext::require_rank(std::size_t i, std::size_t rank) const {
  if (shape(i).size() == rank) return;
  refuse(fmt::format("input '{}' must have {} dims, not shape [{}]",
                     node_.op->inputs[std::min(i, node_.op->inputs.size() - 1)].name, rank, to_string(shape(i))));
}

bool OpContext::flag(std::string_view name) const { return attr_flag(node_, name); }
std::int64_t OpContext::integer(std::string_view name) const { return attr_int(node_, name); }
double OpContext::real(std::string_view name) const { return attr_real(node_, name); }
const std::string& OpContext::text(std::string_view name) const { return attr_text(node_, name); }
const Ints& OpContext::ints(std::string_view name) const { return attr_ints(node_, name); }
const Floats& OpContext::reals(std::string_view name) const { return attr_reals(node_, name); }

SymShape OpContext::dims(std::string_view name) const { return attr_dims(node_, name); }

const Attr& attribute(const Node& node, std::string_view name) {
  auto found = node.attrs.find(name);
  FRUGAL_ASSERT(found != node.attrs.end());
  return found->second;
}

bool attr_flag(const Node& n, std::string_view name) { return std::get<bool>(attribute(n, name).value); }
std::int64_t attr_int(const Node& n, std::string_view name) { return std::get<std::int64_t>(attribute(n, name).value); }
double attr_real(const Node& n, std::string_view name) { return std::get<double>(attribute(n, name).value); }
const std::string& attr_text(const Node& n, std::string_view name) {
  return std::get<std::string>(attribute(n, name).value);
}
const Ints& attr_ints(const Node& n, std::string_view name) { return std::get<Ints>(attribute(n, name).value); }
const Floats& attr_reals(const Node& n, std::string_view name) { return std::get<Floats>(attribute(n, name).value); }

SymShape attr_dims(const Node& n, std::string_view name) {
  const Attr& attr = attribute(n, name);
  if (auto* numbers = std::get_if<Ints>(&attr.value)) return {numbers->begin(), numbers->end()};
  return std::get<SymShape>(attr.value);
}

std::optional<Node> bound_node(const Node& node, const Bindings& bindings) {
  std::optional<Node> out;
  for (const auto& [name, attr] : node.attrs) {
    auto* dims = std::get_if<SymShape>(&attr.value);
    if (!dims) continue;
    if (!out) out = node;
    out->attrs.insert_or_assign(name, Attr(bind(*dims, bindings)));
  }
  return out;
}

OpRegistry& OpRegistry::instance() {
  static OpRegistry* registry = [] {
    auto* r = new OpRegistry;  // never destroyed: graphs of static lifetime may point into it
    register_all_op(*r);
    return r;
  }();
  return *registry;
}

void OpRegistry::add(OpDef def) {
  FRUGAL_ASSERT(def.infer && !ops_.contains(def.name));
  std::string key = def.name;
  ops_.emplace(std::move(key), std::move(def));
}

const OpDef* OpRegistry::find(std::string_view name) const {
  auto found = ops_.find(std::string(name));
  return found == ops_.end() ? nullptr : &found->second;
}

const OpDef& OpRegistry::get(std::string_view name) const {
  if (const OpDef* def = find(name)) return *def;
  fail("there is no op '{}'{}", name, suggestion(name, names()));
}

std::vector<std::string> OpRegistry::names() const {
  std::vector<std::string> out;
  for (const auto& [name, def] : ops_) out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace frugal
