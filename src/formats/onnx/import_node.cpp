#include <cmath>

#include "formats/onnx/importer.h"
#include "formats/onnx/tensor.h"

namespace frugal::onnx_import {

std::string ImportNode::label() const {
  if (!proto_.name().empty()) return proto_.name().substr(0, 200);
  return proto_.output_size() > 0 ? proto_.output(0).substr(0, 200) : "without a name";
}

ValueId ImportNode::in(std::size_t i) {
  require(has(i), "input {} is missing", i);
  const std::string& name = proto_.input(static_cast<int>(i));
  return importer_.materialise(name, importer_.lookup(scope_, name));
}

ValueId ImportNode::optional_in(std::size_t i) { return has(i) ? in(i) : kNone; }

ValueType ImportNode::type(std::size_t i) {
  require(has(i), "input {} is missing", i);
  const Binding& binding = importer_.lookup(scope_, proto_.input(static_cast<int>(i)));
  if (binding.id != kNone) return importer_.graph().value(binding.id).type;
  if (binding.known) return {binding.known->dtype, SymShape(binding.known->shape.begin(), binding.known->shape.end())};
  return {binding.data.dtype(), SymShape(binding.data.shape().begin(), binding.data.shape().end())};
}

std::int64_t ImportNode::axis(std::int64_t axis, std::size_t rank) {
  const auto n = static_cast<std::int64_t>(rank);
  require(axis >= -n && axis < n, "axis {} is outside of {} dims", axis, rank);
  return axis < 0 ? axis + n : axis;
}

const Tensor* ImportNode::data(std::size_t i) {
  if (!has(i)) return nullptr;
  Binding& binding = importer_.lookup(scope_, proto_.input(static_cast<int>(i)));
  if (!binding.data.defined() && binding.known && !binding.known->symbolic())
    binding.data = tensor_from(*binding.known);
  return binding.data.defined() ? &binding.data : nullptr;
}

std::optional<Known> ImportNode::known(std::size_t i) {
  if (!has(i)) return std::nullopt;
  const Binding& binding = importer_.lookup(scope_, proto_.input(static_cast<int>(i)));
  if (binding.known) return binding.known;
  if (binding.data.defined() && can_be_known(binding.data)) return known_from(binding.data);
  return std::nullopt;
}

Known ImportNode::need(std::size_t i, const char* what) {
  std::optional<Known> found = known(i);
  require(found.has_value(), "{} must be known when the model is imported, but '{}' is computed from data", what,
          has(i) ? proto_.input(static_cast<int>(i)) : "");
  return *found;
}

SymShape ImportNode::need_dims(std::size_t i, const char* what) {
  SymShape out;
  for (const Element& e : need(i, what).elements) {
    require(!e.is_real || e.symbolic(), "{} must be integers", what);
    if (e.divisor != 1) throw DependsOnSize{e.whole.text()};
    out.push_back(e.whole);
  }
  return out;
}

Ints ImportNode::need_ints(std::size_t i, const char* what) {
  Ints out;
  for (const Dim& d : need_dims(i, what)) {
    if (!d.fixed()) throw DependsOnSize{d.text()};
    out.push_back(d.value());
  }
  return out;
}

double ImportNode::need_real(std::size_t i, const char* what) {
  Known k = need(i, what);
  require(k.elements.size() == 1, "{} must be one number", what);
  if (k.symbolic()) throw DependsOnSize{k.symbols()};
  return k.elements[0].value();
}

const onnx::AttributeProto* ImportNode::find(const std::string& name) const {
  for (const onnx::AttributeProto& attribute : proto_.attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

std::int64_t ImportNode::integer(const std::string& name, std::int64_t fallback) const {
  const auto* a = find(name);
  return a ? a->i() : fallback;
}

double ImportNode::real(const std::string& name, double fallback) const {
  const auto* a = find(name);
  const double value = a ? static_cast<double>(a->f()) : fallback;
  require(std::isfinite(value), "attribute '{}' is not finite", name);
  return value;
}

std::string ImportNode::text(const std::string& name, const std::string& fallback) const {
  const auto* a = find(name);
  return a ? a->s() : fallback;
}

Ints ImportNode::ints(const std::string& name, Ints fallback) const {
  const auto* a = find(name);
  return a ? Ints(a->ints().begin(), a->ints().end()) : fallback;
}

Floats ImportNode::reals(const std::string& name) const {
  const auto* a = find(name);
  return a ? Floats(a->floats().begin(), a->floats().end()) : Floats{};
}

const ValueType& ImportNode::type_of(ValueId id) const { return importer_.graph().value(id).type; }

std::vector<ValueId> ImportNode::ops(std::string_view name, std::vector<ValueId> inputs, Attrs attrs) {
  if (!OpRegistry::instance().find(name)) refuse("this build has no op '{}'", name);
  std::string stem = proto_.output_size() > 0 ? proto_.output(0) : label();
  return importer_.graph().add_node(name, importer_.unique(stem + "/" + std::string(name)), std::move(inputs),
                                    std::move(attrs));
}

ValueId ImportNode::op(std::string_view name, std::vector<ValueId> inputs, Attrs attrs) {
  return ops(name, std::move(inputs), std::move(attrs))[0];
}

ValueId ImportNode::reshape(ValueId x, SymShape shape) {
  if (type_of(x).shape == shape) return x;
  return op("reshape", {x}, {{"shape", Attr(std::move(shape))}});
}

ValueId ImportNode::constant(Tensor data) {
  std::string stem = proto_.output_size() > 0 ? proto_.output(0) : label();
  return importer_.add_weight(importer_.unique(stem + "/constant"), std::move(data), WeightRole::constant);
}

ValueId ImportNode::scalar(double value, DType dtype) {
  return constant(tensor_from({dtype, {}, {convert(Element::number(value), dtype)}}));
}

void ImportNode::result(std::string_view name, std::vector<ValueId> inputs, Attrs attrs) {
  if (!OpRegistry::instance().find(name)) refuse("this build has no op '{}'", name);
  require(wants(0), "it has no output");
  Graph& graph = importer_.graph();
  const std::string& wanted = proto_.output(0);
  const bool free = graph.fresh_name(wanted) == wanted;
  std::vector<ValueId> made =
      graph.add_node(name, free ? wanted : importer_.unique(wanted), std::move(inputs), std::move(attrs));
  for (std::size_t i = 0; i < std::min(made.size(), output_count()); ++i) out(i, made[i]);
}

void ImportNode::out(std::size_t i, ValueId value) {
  if (!wants(i)) return;
  auto binding = std::make_shared<Binding>();
  binding->id = value;
  scope_.names[proto_.output(static_cast<int>(i))] = std::move(binding);
}

void ImportNode::out(std::size_t i, Known known) {
  if (!wants(i)) return;
  auto binding = std::make_shared<Binding>();
  binding->known = std::move(known);
  scope_.names[proto_.output(static_cast<int>(i))] = std::move(binding);
}

}  // namespace frugal::onnx_import
