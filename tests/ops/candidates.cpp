#ifdef FRUGAL_HAS_RAPIDCHECK
#include "ops/candidates.h"

namespace frugal::test {
namespace {

std::int64_t pick(std::int64_t lo, std::int64_t hi) { return *rc::gen::inRange<std::int64_t>(lo, hi + 1); }
bool coin() { return *rc::gen::arbitrary<bool>(); }
std::int64_t size() { return *rc::gen::element<std::int64_t>(1, 2, 3, 4, 7, 0, 17); }

Shape shape(std::int64_t rank) {
  Shape s;
  for (std::int64_t i = 0; i < rank; ++i) s.push_back(size());
  return s;
}
Shape picture() { return {pick(0, 2), size(), pick(0, 9), pick(0, 9)}; }

// `right`, or now and then something else.
template <typename T>
T mostly(T right, T wrong) {
  return pick(0, 9) == 9 ? wrong : right;
}

std::int64_t axis_of(const Shape& s) {
  return pick(-static_cast<std::int64_t>(s.size()) - 1, static_cast<std::int64_t>(s.size()));
}

Ints pads() { return {pick(0, 2), pick(0, 2), pick(0, 2), pick(0, 2)}; }

OpRow unary() {
  std::string op = *rc::gen::element<std::string>("relu", "relu6", "silu", "sigmoid", "hard_sigmoid", "hard_swish",
                                                  "gelu", "tanh", "exp", "leaky_relu", "dropout");
  return {.op = op, .inputs = {in(shape(pick(0, 5)))}};
}

OpRow binary() {
  Shape a = shape(pick(0, 5)), b = a;
  for (std::int64_t& d : a) d = pick(0, 3) ? d : 1;
  for (std::int64_t& d : b) d = pick(0, 3) ? mostly(d, d + 1) : 1;
  b.erase(b.begin(), b.begin() + pick(0, static_cast<std::int64_t>(b.size())));
  if (coin()) std::swap(a, b);
  std::string op = *rc::gen::element<std::string>("add", "sub", "mul", "div");
  return {.op = op, .inputs = {in(a), in(b, Draw::positive)}};
}

OpRow conv2d() {
  std::int64_t groups = *rc::gen::element<std::int64_t>(1, 1, 2, 3, 17), channels = groups * pick(1, 4),
               out = mostly(groups * pick(1, 4), pick(1, 9));
  if (coin() && coin()) channels = out = groups;
  Shape x{pick(0, 2), channels, pick(0, 9), pick(0, 9)},
      w{out, mostly(channels / groups, pick(1, 5)), pick(1, 4), pick(1, 4)};
  return {.op = "conv2d",
          .attrs = {{"stride", Ints{pick(1, 3), pick(1, 3)}},
                    {"padding", pads()},
                    {"dilation", Ints{pick(1, 2), pick(1, 2)}},
                    {"groups", groups}},
          .inputs = {in(x), weight(w), coin() ? weight({mostly(out, out + 1)}) : absent()},
          .tolerance = 1e-4};
}

OpRow pool() {
  Attrs attrs{{"kernel", Ints{pick(1, 4), pick(1, 4)}},
              {"stride", Ints{pick(1, 4), pick(1, 4)}},
              {"padding", mostly(Ints{0, 0, 0, 0}, pads())}};
  if (coin()) attrs["ceil_mode"] = true;
  if (coin())
    attrs["kernel"] = Ints{pick(2, 4), pick(2, 4)},
    attrs["padding"] = Ints{pick(0, 1), pick(0, 1), pick(0, 1), pick(0, 1)};
  std::string op = coin() ? "max_pool2d" : "avg_pool2d";
  if (op == "avg_pool2d" && coin()) attrs["count_include_pad"] = true;
  return {.op = op, .attrs = attrs, .inputs = {in(picture())}};
}

OpRow linear() {
  Shape x = shape(pick(0, 3));
  std::int64_t width = x.empty() ? 1 : x.back(), out = size();
  return {
      .op = "linear",
      .inputs = {in(x), weight({out, mostly(width, width + 1)}), coin() ? weight({mostly(out, out + 1)}) : absent()},
      .tolerance = 1e-4};
}

OpRow batch_norm() {
  Shape x = shape(pick(1, 5));
  std::int64_t c = mostly(x.size() > 1 ? x[1] : 1, size());
  return {.op = "batch_norm", .inputs = {in(x), weight({c}), weight({c}), buffer({c}), buffer({c}, Draw::positive)}};
}

OpRow reshape() {
  Shape x = shape(pick(0, 4));
  Ints to(x.begin(), x.end());
  for (std::int64_t& d : to) d = mostly(d, pick(-1, 4));
  if (to.size() > 1 && coin()) to[1] *= to[0], to.erase(to.begin());
  if (!to.empty() && coin()) to[static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(to.size()) - 1))] = -1;
  for (std::size_t i = 0; i < to.size(); ++i)
    if (i < x.size() && to[i] == x[i] && coin()) to[i] = 0;
  return {.op = "reshape", .attrs = {{"shape", to}}, .inputs = {in(x)}};
}

OpRow softmax() {
  Shape x = shape(pick(0, 4));
  return {.op = "softmax", .attrs = {{"axis", axis_of(x)}}, .inputs = {in(x)}};
}

OpRow argmax() {
  Shape x = shape(pick(0, 4));
  return {.op = "argmax", .attrs = {{"axis", axis_of(x)}, {"keep_dims", coin()}}, .inputs = {in(x)}};
}

OpRow layer_norm() {
  Shape x = shape(pick(0, 4));
  std::int64_t axis = axis_of(x), at = axis < 0 ? axis + static_cast<std::int64_t>(x.size()) : axis;
  Shape tail = at >= 0 && at < static_cast<std::int64_t>(x.size()) ? Shape(x.begin() + at, x.end()) : Shape{1};
  if (pick(0, 9) == 9) tail.push_back(2);
  return {.op = "layer_norm",
          .attrs = {{"axis", axis}},
          .inputs = {in(x), coin() ? weight(tail) : absent(), coin() ? weight(tail) : absent()},
          .tolerance = 1e-4};
}

OpRow matmul() {
  std::int64_t k = size();
  bool transpose = coin();
  Shape batch = shape(pick(0, 2)), a = batch, b = batch;
  for (std::int64_t& d : a) d = coin() ? d : 1;
  for (std::int64_t& d : b) d = coin() ? d : 1;
  b.erase(b.begin(), b.begin() + pick(0, static_cast<std::int64_t>(b.size())));
  a.push_back(size()), a.push_back(k);
  std::int64_t inner = mostly(k, k + 1), n = size();
  b.push_back(transpose ? n : inner), b.push_back(transpose ? inner : n);
  return {.op = "matmul",
          .attrs = {{"transpose_b", transpose}},
          .inputs = {in(a), coin() ? weight(b) : in(b)},
          .tolerance = 1e-4};
}

OpRow reduce_mean() {
  Shape x = shape(pick(0, 4));
  Ints axes;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.size()); ++i)
    if (coin()) axes.push_back(mostly(coin() ? i : i - static_cast<std::int64_t>(x.size()), pick(-6, 6)));
  return {.op = "reduce_mean", .attrs = {{"axes", axes}, {"keep_dims", coin()}}, .inputs = {in(x)}};
}

OpRow embedding() {
  return {.op = "embedding",
          .inputs = {ids(shape(pick(0, 3)), 5, coin() ? DType::i64 : DType::i32), weight({5, size()})}};
}

OpRow transpose() {
  Shape x = shape(pick(0, 5));
  Ints perm;
  for (std::size_t i = 0; i < x.size(); ++i)
    perm.insert(perm.begin() + pick(0, static_cast<std::int64_t>(perm.size())), static_cast<std::int64_t>(i));
  if (!perm.empty()) perm[0] = mostly(perm[0], pick(0, 5));
  return {.op = "transpose", .attrs = {{"perm", perm}}, .inputs = {in(x)}};
}

OpRow split() {
  Shape x = shape(pick(0, 4));
  std::int64_t axis = axis_of(x), at = axis < 0 ? axis + static_cast<std::int64_t>(x.size()) : axis;
  std::int64_t rest = at >= 0 && at < static_cast<std::int64_t>(x.size()) ? x[static_cast<std::size_t>(at)] : 3;
  Ints sizes;
  for (; rest > 0 && sizes.size() < 3; rest -= sizes.back()) sizes.push_back(pick(0, rest));
  sizes.push_back(mostly(rest, rest + 1));
  return {.op = "split", .attrs = {{"sizes", sizes}, {"axis", axis}}, .inputs = {in(x)}};
}

OpRow concat() {
  Shape x = shape(pick(0, 4));
  std::int64_t axis = axis_of(x), at = axis < 0 ? axis + static_cast<std::int64_t>(x.size()) : axis;
  OpRow row{.op = "concat", .attrs = {{"axis", axis}}, .inputs = {in(x)}};
  for (std::int64_t more = pick(0, 2); more > 0; --more) {
    Shape next = x;
    if (at >= 0 && at < static_cast<std::int64_t>(x.size())) next[static_cast<std::size_t>(at)] = size();
    if (pick(0, 9) == 9) next.push_back(1);
    row.inputs.push_back(in(next));
  }
  return row;
}

OpRow slice() {
  Shape x = shape(pick(1, 4));
  Ints starts, ends, axes, steps;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.size()); ++i) {
    if (!coin()) continue;
    starts.push_back(pick(-9, 9)), ends.push_back(mostly(pick(-9, 20), std::int64_t{1} << 40)),
        axes.push_back(mostly(i, pick(-6, 6))), steps.push_back(pick(1, 3));
  }
  return {.op = "slice",
          .attrs = {{"starts", starts}, {"ends", ends}, {"axes", axes}, {"steps", steps}},
          .inputs = {in(x)}};
}

OpRow pad() {
  Shape x = shape(pick(0, 4));
  Ints amounts;
  for (std::size_t i = 0; i < 2 * x.size(); ++i) amounts.push_back(pick(0, 3));
  if (pick(0, 9) == 9) amounts.push_back(1);
  return {.op = "pad",
          .attrs = {{"pads", amounts}, {"mode", *rc::gen::element<std::string>("constant", "reflect", "edge")}},
          .inputs = {in(x)}};
}

OpRow prelu() {
  Shape x = shape(pick(0, 4));
  return {.op = "prelu", .inputs = {in(x), weight({mostly<std::int64_t>(coin() && x.size() > 1 ? x[1] : 1, 5)})}};
}

OpRow global_avg_pool() { return {.op = "global_avg_pool", .inputs = {in(mostly(picture(), shape(3)))}}; }

}  // namespace

const std::map<std::string, std::function<OpRow()>>& candidate_families() {
  static const std::map<std::string, std::function<OpRow()>> families = {
      {"unary", unary},         {"binary", binary},
      {"conv2d", conv2d},       {"pool", pool},
      {"linear", linear},       {"batch_norm", batch_norm},
      {"reshape", reshape},     {"softmax", softmax},
      {"argmax", argmax},       {"layer_norm", layer_norm},
      {"matmul", matmul},       {"reduce_mean", reduce_mean},
      {"embedding", embedding}, {"transpose", transpose},
      {"split", split},         {"concat", concat},
      {"slice", slice},         {"pad", pad},
      {"prelu", prelu},         {"global_avg_pool", global_avg_pool}};
  return families;
}

}  // namespace frugal::test
#endif  // FRUGAL_HAS_RAPIDCHECK
