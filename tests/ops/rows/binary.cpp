#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(binary) {
  // Both ways round: either operand may be the one that is repeated.
  const std::pair<Shape, Shape> broadcasts[] = {{{2, 17, 5, 3}, {2, 17, 1, 1}},
                                                {{2, 17, 5, 3}, {1, 17, 1, 1}},
                                                {{2, 17, 5, 3}, {17, 1, 1}},
                                                {{1, 16, 4, 4}, {1, 16, 1, 1}},
                                                {{1, 40, 9, 7}, {1, 40, 1, 1}},
                                                {{2, 3, 5, 3}, {2, 1, 5, 3}},
                                                {{2, 17, 5, 3}, {5, 3}},
                                                {{2, 17, 5, 3}, {3}},
                                                {{2, 17, 5, 3}, {1, 17, 5, 3}},
                                                {{2, 17, 5, 3}, {2, 17, 5, 1}},
                                                {{2, 17, 5, 3}, {1}},
                                                {{2, 17, 5, 3}, {}},
                                                {{4, 7}, {4, 1}},
                                                {{4, 7}, {7}},
                                                {{2, 3, 4, 2, 5}, {3, 1, 2, 1}},
                                                {{0, 3, 4, 4}, {3, 1, 1}},
                                                {{3, 1, 5}, {1, 4, 1}},
                                                {{2, 1, 3, 1}, {1, 5, 1, 7}},
                                                {{2, 1, 4, 4}, {2, 20, 1, 1}},
                                                {{5, 1}, {1, 1}}};
  for (const char* op : {"maximum", "minimum"}) {
    for (const Shape& x : any_shapes()) table.add({.op = op, .inputs = {in(x), in(x)}});
    for (const auto& [a, b] : broadcasts) {
      table.add({.op = op, .inputs = {in(a), in(b)}});
      // Few elements against many: shifted, so that no two are so near that a finite difference crosses the bend.
      RowInput shifted = weight(b);
      shifted.shift = 0.25;
      table.add({.op = op, .inputs = {shifted, in(a)}});
    }
  }
  auto both = [&](const char* op, RowInput a, RowInput b, Attrs attrs = {}) {
    const bool divides =
        std::string(op) == "div" || std::string(op) == "mod";  // whole numbers by 0 are refused elsewhere
    a.shape = {2, 3, 4}, b.shape = {3, 1};
    table.add({.op = op, .attrs = attrs, .inputs = {a, b}, .tolerance = 2e-3, .gradient = false});
    if (!divides) table.add({.op = op, .attrs = attrs, .inputs = {b, a}, .tolerance = 2e-3, .gradient = false});
    a.shape = {}, b.shape = {5};
    table.add({.op = op, .attrs = attrs, .inputs = {a, b}, .tolerance = 2e-3, .gradient = false});
    a.shape = b.shape = {0, 2};
    table.add({.op = op, .attrs = attrs, .inputs = {a, b}, .tolerance = 2e-3, .gradient = false});
  };
  for (DType type : {DType::i8, DType::u8, DType::i16, DType::i32, DType::i64, DType::f64, DType::f16}) {
    for (const char* op : {"add", "sub", "mul", "maximum", "minimum"}) both(op, typed({}, type, 9), typed({}, type, 9));
    RowInput divisor = typed({}, type, 5);
    divisor.draw = Draw::positive;
    if (type != DType::f64 && type != DType::f16) divisor.shift = 1;
    both("div", typed({}, type, 100), divisor);
    both("mod", typed({}, type, 100), divisor);
    both("mod", typed({}, type, 100), divisor, {{"fmod", true}});
    for (const char* op : {"equal", "less", "less_or_equal", "greater", "greater_or_equal"})
      both(op, typed({}, type, 3), typed({}, type, 3));
  }
  for (DType type : {DType::u8, DType::i32, DType::i64}) {
    RowInput power = typed({}, type, 4);
    power.draw = Draw::ids;
    both("pow", power, power);
    for (const char* op : {"bitwise_and", "bitwise_or", "bitwise_xor"})
      both(op, typed({}, type, 100), typed({}, type, 100));
    for (const char* direction : {"left", "right"}) both("bit_shift", power, power, {{"direction", direction}});
  }
  for (const char* op : {"logical_and", "logical_or", "logical_xor", "equal"})
    both(op, typed({}, DType::boolean, 2), typed({}, DType::boolean, 2));
  for (const Shape& x : any_shapes()) {
    table.add({.op = "pow", .inputs = {in(x, Draw::positive), in(x)}});
    table.add({.op = "less", .inputs = {in(x), in(x)}, .gradient = false});
  }
  for (const auto& [a, b] : broadcasts) {
    table.add({.op = "pow", .inputs = {in(a, Draw::positive), in(b)}});
    table.add({.op = "greater", .inputs = {in(b), in(a)}, .gradient = false});
  }
  for (float exponent : {2.0f, 3.0f, 0.5f, -1.0f}) {
    RowInput power = weight({1}, Draw::fixed, WeightRole::constant);
    power.value = exponent;
    table.add({.op = "pow", .inputs = {in({2, 17, 5, 3}, Draw::positive), power}});
  }
  for (const char* op : {"add", "sub", "mul", "div"}) {
    const Draw divisor = std::string(op) == "div" ? Draw::positive : Draw::normal;
    for (const Shape& x : any_shapes()) table.add({.op = op, .inputs = {in(x), in(x, divisor)}});
    for (const auto& [a, b] : broadcasts) {
      table.add({.op = op, .inputs = {in(a), in(b, divisor)}});
      table.add({.op = op, .inputs = {in(b), in(a, divisor)}});
      table.add({.op = op, .inputs = {in(a), weight(b, divisor)}});
      table.add({.op = op, .inputs = {weight(b), in(a, divisor)}});
    }
    table.add({.op = op, .inputs = {in({1, 64, 112, 112}), in({1, 64, 112, 112})}, .speed = true});
    table.add({.op = op, .inputs = {in({1, 64, 112, 112}), in({1, 64, 1, 1})}, .speed = true});
  }
}

}  // namespace frugal
