#include "ops/definitions.h"

namespace frugal {
namespace {

std::vector<ValueType> infer_comparison(const OpContext& c) {
  std::vector<ValueType> out = infer_broadcast(c);
  out[0].dtype = DType::boolean;
  return out;
}

std::vector<ValueType> infer_test(const OpContext& c) { return {{DType::boolean, c.shape(0)}}; }

std::vector<ValueType> infer_reduction(const OpContext& c) {
  const SymShape& x = c.shape(0);
  return {{c.input(0).dtype, reduced_shape(x, named_axes(c, x.size()), c.flag("keep_dims"))}};
}

std::vector<ValueType> infer_arg(const OpContext& c) {
  const SymShape& x = c.shape(0);
  const std::size_t axis = normalize_axis(c, c.integer("axis"), x.size());
  c.require(!(x[axis] == Dim(0)), "axis {} of [{}] is empty: it has no extreme element", axis, to_string(x));
  std::vector<bool> reduced(x.size());
  reduced[axis] = true;
  return {{DType::i64, reduced_shape(x, reduced, c.flag("keep_dims"))}};
}

std::vector<ValueType> infer_channel_norm(const OpContext& c) {
  const SymShape& x = c.shape(0);
  c.require(x.size() >= 2, "the input must have at least 2 dims, not shape [{}]", to_string(x));
  for (std::size_t i = 1; i < 3; ++i)
    c.require(c.shape(i) == SymShape{x[1]}, "'{}' has shape [{}], but the input has {} channels",
              c.node().op->inputs[i].name, to_string(c.shape(i)), x[1].text());
  if (c.node().attrs.contains("groups"))
    c.require(!x[1].fixed() || x[1].value() % c.integer("groups") == 0, "{} channels cannot be split into {} groups",
              x[1].text(), c.integer("groups"));
  return infer_same(c);
}

}  // namespace

OpDef channel_norm_definition(std::string name, std::string doc, std::vector<AttrSpec> attrs) {
  attrs.push_back({"eps", AttrType::real, Attr(1e-5), "added to the variance", 0, 1});
  return {.name = std::move(name),
          .doc = std::move(doc),
          .inputs = {{"x"}, {"scale"}, {"bias"}},
          .attrs = std::move(attrs),
          .infer = infer_channel_norm};
}

OpDef unary_definition(std::string name, std::string doc, InputType type, std::vector<AttrSpec> attrs) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .inputs = {{.name = "x", .type = type}},
          .attrs = std::move(attrs),
          .infer = infer_same};
}

OpDef axis_definition(std::string name, std::string doc, InputType type) {
  OpDef def = unary_definition(std::move(name), std::move(doc), type,
                               {{"axis", AttrType::integer, Attr(-1), "negative counts from the end"}});
  def.infer = [](const OpContext& c) {
    normalize_axis(c, c.integer("axis"), c.shape(0).size());
    return infer_same(c);
  };
  return def;
}

OpDef scatter_definition(std::string name, std::string doc) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .inputs = {{.name = "x", .type = InputType::any},
                     {.name = "indices", .type = InputType::index},
                     {.name = "updates", .type = InputType::any}},
          .attrs = {{"reduction",
                     AttrType::text,
                     Attr("none"),
                     "how an update meets what is there",
                     {},
                     {},
                     {"none", "add", "mul", "max", "min"}}},
          .infer = nullptr};
}

OpDef binary_definition(std::string name, std::string doc, InputType type) {
  return {.name = std::move(name),
          .doc = std::move(doc) + ", with NumPy broadcasting",
          .inputs = {{.name = "a", .type = type}, {.name = "b", .type = type}},
          .attrs = {},
          .infer = infer_broadcast};
}

OpDef comparison_definition(std::string name, std::string doc, InputType type) {
  OpDef def = binary_definition(std::move(name), std::move(doc), type);
  def.infer = infer_comparison;
  return def;
}

OpDef test_definition(std::string name, std::string doc, std::vector<AttrSpec> attrs) {
  OpDef def = unary_definition(std::move(name), std::move(doc), InputType::floating, std::move(attrs));
  def.infer = infer_test;
  return def;
}

OpDef reduction_definition(std::string name, std::string doc, InputType type) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .inputs = {{.name = "x", .type = type}},
          .attrs = {{"axes", AttrType::integers, Attr(Ints{}), "negative counts from the end; empty: all"},
                    {"keep_dims", AttrType::boolean, Attr(true), "reduced dims stay, with size 1"}},
          .infer = infer_reduction};
}

OpDef arg_definition(std::string name, std::string doc) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .inputs = {{.name = "x", .type = InputType::number}},
          .attrs = {{"axis", AttrType::integer, Attr(-1), "negative counts from the end"},
                    {"keep_dims", AttrType::boolean, Attr(false), "the axis stays, with size 1"},
                    {"last", AttrType::boolean, Attr(false), "the last of equals, not the first"}},
          .infer = infer_arg};
}

}  // namespace frugal
