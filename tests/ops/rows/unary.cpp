#include "ops/table.h"

namespace frugal {

FRUGAL_ROWS(unary) {
  auto add = [&](const char* op, Draw draw, bool gradient = true) {
    for (const Shape& x : any_shapes()) table.add({.op = op, .inputs = {in(x, draw)}, .gradient = gradient});
    table.add({.op = op, .inputs = {in({}, draw)}, .gradient = gradient});
    table.add({.op = op, .inputs = {in({1, 64, 112, 112}, draw)}, .speed = true});
    RowInput x = in({3, 5}, draw);
    x.dtype = DType::f64;
    table.add({.op = op, .inputs = {x}, .gradient = gradient});
    x.dtype = DType::f16;
    table.add({.op = op, .inputs = {x}, .tolerance = 2e-3, .gradient = false});
    x.dtype = DType::bf16;
    table.add({.op = op, .inputs = {x}, .tolerance = 2e-2, .gradient = false});
  };
  for (const char* op : {"abs", "neg", "erf", "sin", "cos", "atan", "asinh", "sinh", "cosh", "softsign"})
    add(op, Draw::normal);
  for (const char* op : {"softplus", "mish", "elu", "selu", "celu"}) add(op, Draw::wide);
  for (const char* op : {"sqrt", "log", "reciprocal"}) add(op, Draw::positive);
  for (const char* op : {"tan", "asin", "acos", "atanh"}) add(op, Draw::unit);
  add("acosh", Draw::large);
  for (const char* op : {"floor", "ceil", "round", "sign"}) add(op, Draw::wide, false);
  for (const char* op : {"thresholded_relu", "shrink"}) add(op, Draw::wide);
  for (DType type : {DType::i8, DType::i16, DType::i32, DType::i64})
    for (const char* op : {"abs", "neg", "sign", "relu"})
      table.add({.op = op, .inputs = {typed({3, 7}, type, 100)}, .gradient = false});
  table.add({.op = "clip",
             .attrs = {{"min", -1.5}, {"max", 2.5}},
             .inputs = {typed({3, 7}, DType::i32, 9)},
             .gradient = false});
  table.add({.op = "elu", .attrs = {{"alpha", 0.3}}, .inputs = {in({2, 17, 3, 3}, Draw::wide)}});
  table.add({.op = "selu", .attrs = {{"alpha", 2.0}, {"gamma", 0.5}}, .inputs = {in({2, 17, 3, 3}, Draw::wide)}});
  table.add({.op = "celu", .attrs = {{"alpha", 2.5}}, .inputs = {in({2, 17, 3, 3}, Draw::wide)}});
  table.add({.op = "thresholded_relu", .attrs = {{"alpha", -0.5}}, .inputs = {in({2, 17, 3, 3}, Draw::wide)}});
  table.add({.op = "shrink", .attrs = {{"lambd", 1.5}, {"bias", 1.25}}, .inputs = {in({2, 17, 3, 3}, Draw::wide)}});
  for (const Shape& x : {Shape{2, 17}, Shape{}, Shape{0, 3}}) {
    table.add({.op = "logical_not", .inputs = {typed(x, DType::boolean, 2)}, .gradient = false});
    for (DType type : {DType::u8, DType::i8, DType::i32, DType::i64})
      table.add({.op = "bitwise_not", .inputs = {typed(x, type, 100)}, .gradient = false});
    table.add({.op = "is_nan", .inputs = {in(x)}, .gradient = false});
    table.add({.op = "is_inf", .inputs = {in(x)}, .gradient = false});
  }
}

}  // namespace frugal
