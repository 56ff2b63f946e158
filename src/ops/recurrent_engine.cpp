#include "ops/recurrent_engine.h"

#include <algorithm>

#include "kernels/gemm.h"

namespace frugal {
namespace {

struct Sizes {
  Cell cell;
  std::int64_t steps, batch, input, hidden, gates, directions;
  bool reverse;              // the first direction
  bool reset_after = false;  // gru: linear_before_reset
  Activation activation = Activation::tanh;

  std::int64_t width() const { return gates * hidden; }
  // Columns of R that are multiplied with the state at once; the rest, a gru's last gate, by itself.
  std::int64_t first_part() const { return cell == Cell::gru ? 2 * hidden : width(); }
};

Sizes sizes_of(const NodeContext& c, Cell cell) {
  const Shape &x = c.in(0).shape, &w = c.in(1).shape;
  Sizes s{cell,
          x[0],
          x[1],
          x[2],
          attr_int(c.node, "hidden"),
          gates_of(cell),
          w[0],
          attr_text(c.node, "direction") == "reverse"};
  if (cell == Cell::gru) s.reset_after = attr_flag(c.node, "linear_before_reset");
  if (cell == Cell::rnn && attr_text(c.node, "activation") == "relu") s.activation = Activation::relu;
  return s;
}

std::int64_t up(std::int64_t floats) { return (floats + 15) / 16 * 16; }

// Packed W and R of one direction: W, the first part of R, the rest of R.
struct Packs {
  std::int64_t w, r, rest;  // floats
  std::int64_t floats() const { return w + r + rest; }
};

Packs packs_of(const KernelTable& t, const Sizes& s) {
  return {up(gemm_packed_floats(t, s.width(), s.input)), up(gemm_packed_floats(t, s.first_part(), s.hidden)),
          up(gemm_packed_floats(t, s.width() - s.first_part(), s.hidden))};
}

void pack(const KernelTable& t, ThreadPool& pool, const Sizes& s, const float* w, const float* r, float* to) {
  const Packs p = packs_of(t, s);
  const std::int64_t rest = s.width() - s.first_part();
  for (std::int64_t d = 0; d < s.directions; ++d, to += p.floats()) {
    const float* rd = r + d * s.width() * s.hidden;
    gemm_pack(t, pool, s.width(), s.input, w + d * s.width() * s.input, s.input, true, to);
    gemm_pack(t, pool, s.first_part(), s.hidden, rd, s.hidden, true, to + p.w);
    if (rest) gemm_pack(t, pool, rest, s.hidden, rd + s.first_part() * s.hidden, s.hidden, true, to + p.w + p.r);
  }
}

// One direction of one run.
class Walk {
 public:
  Walk(const KernelTable& table, const Sizes& s, ThreadPool& pool, const float* packed, const float* bias, float* space)
      : t_(table), s_(s), pool_(pool), packed_(packed), packs_(packs_of(table, s)), bias_(bias) {
    auto take = [&](std::int64_t floats) {
      float* at = space;
      space += up(floats);
      return at;
    };
    from_input_ = take(s.steps * s.batch * s.width());
    gates_ = take(s.batch * s.width());
    h_ = take(s.batch * s.hidden);
    c_ = take(s.batch * s.hidden);
    reset_ = take(s.batch * s.hidden);
    scratch_ = space;
  }
  static std::int64_t floats(const KernelTable& table, const Sizes& s, int threads) {
    return up(s.steps * s.batch * s.width()) + up(s.batch * s.width()) + 3 * up(s.batch * s.hidden) +
           std::max(gemm_scratch_floats(table, s.input, threads), gemm_scratch_floats(table, s.hidden, threads));
  }

  float* h() { return h_; }
  float* c() { return c_; }

  // y: of the first step, the others `step` floats apart.
  void run(const float* x, bool reverse, float* y, std::int64_t step) {
    const std::int64_t width = s_.width(), rows = s_.steps * s_.batch;
    if (rows == 0) return;
    Epilogue e;
    e.bias = bias_;
    multiply({.m = rows,
              .n = width,
              .k = s_.input,
              .a = x,
              .lda = s_.input,
              .b = packed_,
              .c = from_input_,
              .ldc = width,
              .epilogue = e});
    for (std::int64_t i = 0; i < s_.steps; ++i) {
      const std::int64_t at = reverse ? s_.steps - 1 - i : i;
      advance(from_input_ + at * s_.batch * width);
      std::copy_n(h_, s_.batch * s_.hidden, y + at * step);
    }
  }

 private:
  void multiply(const GemmArgs& args) { gemm_run(t_, pool_, args, scratch_); }
  // gates[first..] = state * R[first..] + bias + residual
  void recur(const float* state, std::int64_t first, std::int64_t n, const float* residual) {
    const float* r = packed_ + packs_.w + (first ? packs_.r : 0);
    Epilogue e;
    e.bias = bias_ ? bias_ + s_.width() + first : nullptr;
    e.residual = residual ? residual + first : nullptr;
    multiply({.m = s_.batch,
              .n = n,
              .k = s_.hidden,
              .a = state,
              .lda = s_.hidden,
              .b = r,
              .c = gates_ + first,
              .ldc = s_.width(),
              .epilogue = e});
  }
  void op(Binary kind, const float* a, const float* b, float* out) {
    t_.binary(kind, Operand::full, s_.hidden, a, b, out);
  }
  void act(Activation kind, std::int64_t n, float* x) { t_.activate(n, x, x, {.kind = kind}); }

  void advance(const float* from_input) {
    recur(h_, 0, s_.first_part(), from_input);
    if (s_.cell == Cell::gru) return advance_gru(from_input);
    for (std::int64_t n = 0; n < s_.batch; ++n) {
      const std::int64_t size = s_.hidden;
      float *g = gates_ + n * s_.width(), *h = h_ + n * size, *c = c_ + n * size;
      if (s_.cell == Cell::rnn) {
        t_.activate(size, g, h, {.kind = s_.activation});
        continue;
      }
      float *i = g, *o = g + size, *f = g + 2 * size, *made = g + 3 * size;
      act(Activation::sigmoid, 3 * size, g);
      act(Activation::tanh, size, made);
      op(Binary::mul, f, c, c);
      op(Binary::mul, i, made, made);
      op(Binary::add, c, made, c);
      t_.activate(size, c, made, {.kind = Activation::tanh});
      op(Binary::mul, o, made, h);
    }
  }

  // h = made + z * (h - made)
  void advance_gru(const float* from_input) {
    const std::int64_t size = s_.hidden, width = s_.width();
    for (std::int64_t n = 0; n < s_.batch; ++n) {
      act(Activation::sigmoid, 2 * size, gates_ + n * width);
      op(Binary::mul, gates_ + n * width + size, h_ + n * size, reset_ + n * size);
    }
    if (s_.reset_after)
      recur(h_, 2 * size, size, nullptr);
    else
      recur(reset_, 2 * size, size, from_input);
    for (std::int64_t n = 0; n < s_.batch; ++n) {
      float *z = gates_ + n * width, *r = z + size, *made = z + 2 * size, *h = h_ + n * size;
      if (s_.reset_after) {
        op(Binary::mul, r, made, made);
        op(Binary::add, made, from_input + n * width + 2 * size, made);
      }
      act(Activation::tanh, size, made);
      op(Binary::sub, h, made, h);
      op(Binary::mul, z, h, h);
      op(Binary::add, made, h, h);
    }
  }

  const KernelTable& t_;
  const Sizes& s_;
  ThreadPool& pool_;
  const float* packed_;
  const Packs packs_;
  const float* bias_;
  float *from_input_, *gates_, *h_, *c_, *reset_, *scratch_;
};

CompiledOp compile(const NodeContext& c, Cell cell) {
  const Sizes s = sizes_of(c, cell);
  const KernelTable& table = c.kernels;
  const std::int64_t all_packs = packs_of(table, s).floats() * s.directions;
  Tensor weights;  // packed now if they are known, else in every run
  if (c.constants[1] && c.constants[2]) {
    weights = Tensor(DType::f32, {all_packs});
    ThreadPool one(1);
    pack(table, one, s, c.constants[1]->data<float>(), c.constants[2]->data<float>(), weights.data<float>());
  }
  const std::int64_t walk_floats = up(Walk::floats(table, s, c.threads));
  auto run = [=, &table](const RunArgs& args) {
    auto* space = reinterpret_cast<float*>(args.scratch);
    const float* packed = weights.defined() ? weights.data<float>() : space + walk_floats;
    if (!weights.defined()) pack(table, args.pool, s, args.f32_in(1), args.f32_in(2), space + walk_floats);
    const std::int64_t state = s.batch * s.hidden;
    for (std::int64_t d = 0; d < s.directions; ++d) {
      Walk walk(table, s, args.pool, packed + d * packs_of(table, s).floats(),
                args.in[3] ? args.f32_in(3) + d * 2 * s.width() : nullptr, space);
      auto start = [&](std::size_t input, float* to) {
        if (input < args.in.size() && args.in[input])
          std::copy_n(args.f32_in(input) + d * state, state, to);
        else
          std::fill_n(to, state, 0.0f);
      };
      start(4, walk.h());
      if (s.cell == Cell::lstm) start(5, walk.c());
      walk.run(args.f32_in(0), s.reverse || d == 1, args.f32_out(0) + d * state, s.directions * state);
      std::copy_n(walk.h(), state, args.f32_out(1) + d * state);
      if (s.cell == Cell::lstm) std::copy_n(walk.c(), state, args.f32_out(2) + d * state);
    }
  };
  const std::int64_t floats = walk_floats + (weights.defined() ? 0 : all_packs);
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(floats) * sizeof(float),
          .algorithm = "gemm a step",
          .packed_bytes = weights.bytes()};
}

}  // namespace

EngineOp recurrent_op(Cell cell) {
  return {.compile = [cell](const NodeContext& c) { return compile(c, cell); }};
}

}  // namespace frugal
