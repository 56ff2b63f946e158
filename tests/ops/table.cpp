#include "ops/table.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "base/random.h"
#include "graph/op.h"
#include "graph/schema.h"

namespace frugal {
namespace {

// GoogleTest names hold letters, digits and underscores only.
std::string identifier(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '-')
      out += "m";
    else if (std::isalnum(static_cast<unsigned char>(c)))
      out += c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

std::string describe(const OpRow& row) {
  std::string out = row.op;
  for (const RowInput& input : row.inputs)
    out += "_" + (input.absent ? "none" : (input.weight ? "w" : "") + to_string(input.shape));
  for (const auto& [name, value] : row.attrs) out += "_" + name + "_" + to_string(value);
  return identifier(out);
}

Tensor draw(const RowInput& input, const std::string& stream) {
  RandomStream random(1, stream);
  Tensor values(DType::f32, input.shape);
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    float& v = values.data<float>()[i];
    switch (input.draw) {
      case Draw::normal: v = random.normal(); break;
      case Draw::wide: v = 4 * random.normal(); break;
      case Draw::positive: v = random.uniform(0.5f, 2.0f); break;
      case Draw::large: v = random.uniform(1.1f, 9.0f); break;
      case Draw::fixed: v = input.value; break;
      case Draw::unit: v = random.uniform(-0.9f, 0.9f); break;
      case Draw::whole:
        v = static_cast<float>(random.below(static_cast<std::uint32_t>(2 * input.limit - 1))) -
            static_cast<float>(input.limit - 1);
        break;
      case Draw::ids: v = static_cast<float>(random.below(static_cast<std::uint32_t>(input.limit))); break;
      case Draw::signed_ids:
        v = static_cast<float>(random.below(static_cast<std::uint32_t>(2 * input.limit))) -
            static_cast<float>(input.limit);
        break;
    }
    v += input.shift;
  }
  return values.to(input.dtype);
}

std::string input_name(std::size_t i) { return "in" + std::to_string(i); }

struct RowBuilder {
  Model model;

  ValueId weight(const std::string& name, const Tensor& value, WeightRole role = WeightRole::parameter) {
    model.weights.emplace(name, value);
    return model.graph.add_weight(name, value.dtype(), value.shape(), role);
  }

  // A layer that keeps the shape of x: a 1x1 convolution or a linear layer; x itself where neither fits.
  ValueId mix(const std::string& name, ValueId x) {
    const ValueType type = model.graph.value(x).type;
    const Shape shape = fixed_shape(type.shape);
    if (type.dtype != DType::f32 || shape.size() < 2) return x;
    bool picture = shape.size() == 4;
    std::int64_t width = picture ? shape[1] : shape.back();
    if (width == 0 || (picture && shape[2] * shape[3] == 0)) return x;
    Shape weight_shape = picture ? Shape{width, width, 1, 1} : Shape{width, width};
    Tensor w = draw({.shape = weight_shape}, name + "/weight");
    for (std::int64_t i = 0; i < w.numel(); ++i) w.data<float>()[i] /= std::sqrt(static_cast<float>(width));
    ValueId weight_value = weight(name + ".weight", w);
    ValueId bias = weight(name + ".bias", draw({.shape = {width}}, name + "/bias"));
    return model.graph.add_node(picture ? "conv2d" : "linear", name, {x, weight_value, bias})[0];
  }

  void build(const OpRow& row, bool surrounded, const RowShape& shape_of = nullptr) {
    std::vector<ValueId> inputs;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      const RowInput& input = row.inputs[i];
      if (input.absent) {
        inputs.push_back(kNone);
      } else if (input.weight) {
        inputs.push_back(weight(input_name(i), draw(input, row.name + "/" + input_name(i)), input.role));
      } else {
        const SymShape shape = shape_of ? shape_of(input.shape) : SymShape(input.shape.begin(), input.shape.end());
        ValueId x = model.graph.add_input(input_name(i), {input.dtype, shape});
        bool free = input.draw == Draw::normal || input.draw == Draw::wide;
        inputs.push_back(surrounded && free ? mix("before" + std::to_string(i), x) : x);
      }
    }
    std::vector<ValueId> outputs = model.graph.add_node(row.op, "node", inputs, row.attrs);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      model.graph.add_output(surrounded ? mix("after" + std::to_string(i), outputs[i]) : outputs[i],
                             "out" + std::to_string(i));
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const OpRow& row) { return out << row.name; }

const OpTable& OpTable::instance() {
  static const OpTable table = [] {
    OpTable t;
    register_all_rows(t);
    return t;
  }();
  return table;
}

void OpTable::add(OpRow row) {
  std::string stem = describe(row);
  row.name = stem;
  for (int n = 2; std::any_of(rows_.begin(), rows_.end(), [&](const OpRow& r) { return r.name == row.name; }); ++n)
    row.name = stem + "_again" + std::to_string(n);
  rows_.push_back(std::move(row));
}

static std::vector<OpRow> rows_where(bool speed) {
  std::vector<OpRow> out;
  for (const OpRow& row : OpTable::instance().rows())
    if (row.speed == speed) out.push_back(row);
  return out;
}
std::vector<OpRow> test_rows() { return rows_where(false); }
std::vector<OpRow> speed_rows() { return rows_where(true); }

Model row_model(const OpRow& row, const RowShape& shape_of) {
  RowBuilder builder;
  builder.build(row, false, shape_of);
  return std::move(builder.model);
}

Model surrounded_model(const OpRow& row) {
  RowBuilder builder;
  builder.build(row, true);
  return std::move(builder.model);
}

std::vector<Tensor> row_inputs(const OpRow& row) {
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < row.inputs.size(); ++i)
    if (!row.inputs[i].weight && !row.inputs[i].absent)
      out.push_back(draw(row.inputs[i], row.name + "/" + input_name(i)));
  return out;
}

const std::vector<DType>& small_weight_types() {
  static const std::vector<DType> types = [] {
    std::vector<DType> t = {DType::f16, DType::bf16};
    for (const DTypeInfo& info : all_dtypes())
      if (info.blocks()) t.push_back(info.dtype);
    return t;
  }();
  return types;
}

const std::vector<Shape>& picture_shapes() {
  static const std::vector<Shape> shapes = {{1, 1, 1, 1},  {1, 3, 7, 5}, {2, 17, 5, 3}, {1, 16, 4, 4},
                                            {2, 33, 1, 9}, {3, 8, 2, 1}, {0, 3, 4, 4}};
  return shapes;
}

const std::vector<Shape>& any_shapes() {
  static const std::vector<Shape> shapes = [] {
    std::vector<Shape> s = picture_shapes();
    s.insert(s.end(), {{1}, {7}, {2, 5}, {1, 1}, {3, 17}, {2, 3, 19}, {0, 5}, {2, 1, 3, 2, 5}});
    return s;
  }();
  return shapes;
}

}  // namespace frugal
