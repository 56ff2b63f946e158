#include "frugal/session.h"

#include <chrono>

#include "base/check.h"
#include "base/thread_pool.h"
#include "engine/program.h"

namespace frugal {

struct Session::Impl {
  Model model;
  SessionOptions options;
  ThreadPool pool;
  std::map<std::vector<Shape>, std::unique_ptr<Program>> programs;
  Program* last = nullptr;

  Program& program_for(const std::vector<Tensor>& inputs) {
    std::vector<Shape> key;
    for (const Tensor& t : inputs) key.push_back(t.shape());
    std::unique_ptr<Program>& slot = programs[key];
    if (!slot) slot = std::make_unique<Program>(model, key, options, pool.threads());
    return *(last = slot.get());
  }
};

Session::Session(Model model, SessionOptions options) {
  int threads = options.threads > 0 ? options.threads : available_cores();
  impl_.reset(new Impl{std::move(model), options, ThreadPool(threads), {}, nullptr});
}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Model& Session::model() const { return impl_->model; }
int Session::threads() const { return impl_->pool.threads(); }

std::vector<Tensor> Session::run(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> outputs;
  run(inputs, outputs);
  return outputs;
}

void Session::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) {
  const Graph& graph = impl_->model.graph;
  require(inputs.size() == graph.inputs().size(), "model '{}' takes {} inputs, not {}", graph.name(), graph.inputs().size(),
          inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    require(inputs[i].defined() && inputs[i].dtype() == value.type.dtype, "input '{}' must be {}", value.name, to_string(value.type));
  }
  impl_->program_for(inputs).run(inputs, outputs, impl_->pool);
}

std::vector<NodeProfile> Session::profile() const { return impl_->last ? impl_->last->profile() : std::vector<NodeProfile>{}; }
std::size_t Session::arena_bytes() const { return impl_->last ? impl_->last->arena_bytes() : 0; }
std::size_t Session::packed_bytes() const { return impl_->last ? impl_->last->packed_bytes() : 0; }

}  // namespace frugal
