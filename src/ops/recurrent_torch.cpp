#include "ops/recurrent_torch.h"

namespace frugal {
namespace {

struct RecurrentStep {
  const TorchArgs& a;
  Cell cell;
  torch::Tensor w, r, wb, rb;

  // h and c are replaced by the next ones.
  void advance(const torch::Tensor& x, torch::Tensor& h, torch::Tensor& c) const {
    const torch::Tensor from_x = torch::matmul(x, w.t()) + wb;
    if (cell == Cell::gru) return advance_gru(from_x, h);
    const torch::Tensor gates = from_x + torch::matmul(h, r.t()) + rb;
    if (cell == Cell::rnn) {
      h = attr_text(a.node, "activation") == "relu" ? torch::relu(gates) : torch::tanh(gates);
      return;
    }
    const std::vector<torch::Tensor> iofc = gates.chunk(4, 1);
    c = torch::sigmoid(iofc[2]) * c + torch::sigmoid(iofc[0]) * torch::tanh(iofc[3]);
    h = torch::sigmoid(iofc[1]) * torch::tanh(c);
  }

  void advance_gru(const torch::Tensor& from_x, torch::Tensor& h) const {
    const std::vector<torch::Tensor> x = from_x.chunk(3, 1), rs = r.chunk(3, 0), bs = rb.chunk(3, 0);
    auto recur = [&](const torch::Tensor& state, std::size_t i) { return torch::matmul(state, rs[i].t()) + bs[i]; };
    const torch::Tensor z = torch::sigmoid(x[0] + recur(h, 0)), reset = torch::sigmoid(x[1] + recur(h, 1));
    const bool after = attr_flag(a.node, "linear_before_reset");
    const torch::Tensor made = torch::tanh(x[2] + (after ? reset * recur(h, 2) : recur(reset * h, 2)));
    h = (1 - z) * made + z * h;
  }
};

}  // namespace

std::vector<torch::Tensor> recurrent_torch(const TorchArgs& a, Cell cell) {
  const std::int64_t steps = a[0].size(0), batch = a[0].size(1), hidden = attr_int(a.node, "hidden"),
                     directions = a[1].size(0);
  std::vector<torch::Tensor> all, last_h, last_c;
  for (std::int64_t d = 0; d < directions; ++d) {
    const torch::Tensor zeros = torch::zeros({batch, hidden}, a[0].options());
    const std::vector<torch::Tensor> biases =
        (a.has(3) ? a[3][d] : torch::zeros({2 * a[1].size(1)}, a[0].options())).chunk(2, 0);
    const RecurrentStep step{a, cell, a[1][d], a[2][d], biases[0], biases[1]};
    torch::Tensor h = a.has(4) ? a[4][d] : zeros, c = a.has(5) ? a[5][d] : zeros;
    const bool reverse = d == 1 || attr_text(a.node, "direction") == "reverse";
    std::vector<torch::Tensor> ys(static_cast<std::size_t>(steps));
    for (std::int64_t i = 0; i < steps; ++i) {
      const std::int64_t at = reverse ? steps - 1 - i : i;
      step.advance(a[0][at], h, c);
      ys[static_cast<std::size_t>(at)] = h;
    }
    all.push_back(ys.empty() ? torch::zeros({0, batch, hidden}, a[0].options()) : torch::stack(ys));
    last_h.push_back(h);
    last_c.push_back(c);
  }
  std::vector<torch::Tensor> out{torch::stack(all, 1), torch::stack(last_h)};
  if (cell == Cell::lstm) out.push_back(torch::stack(last_c));
  return out;
}

}  // namespace frugal
