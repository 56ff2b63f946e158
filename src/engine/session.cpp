#include "frugal/session.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "base/pages.h"
#include "base/thread_pool.h"
#include "engine/lower_int8.h"
#include "engine/program.h"
#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/verify.h"

namespace frugal {
namespace {

const KernelTable& kernels_for(const SessionOptions& options) {
  if (!options.isa.empty()) return kernels(isa_from_name(options.isa));
  return options.optimize ? active_kernels() : kernels(Isa::scalar);
}

bool goes_into_store(const Node& node) {
  const EngineOp* op = EngineRegistry::instance().find(node.op->name);
  return op && (op->is_residual_add || (op->as_activation && op->as_activation(node)));
}

}  // namespace

struct Session::Impl {
  Impl(Model given, const SessionOptions& o, std::shared_ptr<ThreadPool> threads)
      : model(std::move(given)),
        options(o),
        table(kernels_for(o)),
        pool(std::move(threads)),
        packs(PackCache::Originals{[this](const Tensor& weight) { release(weight); }, [this] { restore(); }}) {
    verify(model);
    if (options.precision != "float32" && options.precision != "bf16" && options.precision != "int8")
      fail_usage("there is no precision '{}'; it is float32, bf16 or int8", options.precision);
    if (options.precision == "bf16" && !table.bf16.run)
      log_warning("{} of this processor has no bf16 arithmetic: computing in float32", name(table.isa));
  }

  Model simplify_model() const {
    auto evaluate = [&](const Node& node, const std::vector<const Tensor*>& inputs) {
      return evaluate_node(node, inputs, table);
    };
    Model m = simplify(has_quantization(model.graph) ? lower_int8(model, table) : model, evaluate);
    return merge_siblings(commute_pointwise(fuse_attention(m)), goes_into_store);
  }

  // Weights that the passes have made are released once they are packed; those of the source are not ours, but give
  // back the pages of their file. They come back, all of them, in the rare case that another input shape asks for
  // another algorithm.
  void release(const Tensor& weight) {
    if (!simplified) return;  // the plain graph reads the source's, node by node
    if (source_data.contains(weight.raw())) return drop_file_pages(weight.raw(), weight.bytes());
    for (auto& [name, w] : simplified->weights)
      if (&w == &weight) w = Tensor::wrap(w.dtype(), w.shape(), nullptr, nullptr);
  }
  void restore() {
    Model fresh = simplify_model();
    for (auto& [name, w] : simplified->weights)
      if (!w.defined()) w = std::move(fresh.weights.at(name));
  }

  // Made for the first run, so that a session that never runs holds no weights of its own.
  const Model& compiled_model() {
    if (!options.optimize) return model;
    if (!simplified) {
      for (const auto& [name, weight] : model.weights) source_data.insert(weight.raw());
      simplified = simplify_model();
    }
    return *simplified;
  }

  // The program for these shapes, in front of the list.
  Program& program_for(const std::vector<Tensor>& inputs) {
    auto fits = [&](const std::unique_ptr<Program>& p) {
      return std::equal(inputs.begin(), inputs.end(), p->input_shapes().begin(),
                        [](const Tensor& t, const Shape& shape) { return t.shape() == shape; });
    };
    auto found = std::find_if(programs.begin(), programs.end(), fits);
    if (found == programs.end()) {
      std::vector<Shape> shapes;
      for (const Tensor& t : inputs) shapes.push_back(t.shape());
      CompileOptions o{options.optimize,
                       options.winograd,
                       options.round_in_stores,
                       options.precision == "bf16",
                       options.precision == "int8",
                       pool->threads(),
                       &table,
                       &packs,
                       pool.get(),
                       &arena};
      auto made = std::make_unique<Program>(compiled_model(), std::move(shapes), o);
      if (programs.size() >= static_cast<std::size_t>(std::max(1, options.shapes))) programs.pop_back();
      programs.push_back(std::move(made));
      found = programs.end() - 1;
    }
    std::rotate(programs.begin(), found, found + 1);
    return *programs.front();
  }

  Model model;
  std::optional<Model> simplified{};
  std::set<const void*> source_data;  // addresses of the source's weights
  SessionOptions options;
  const KernelTable& table;
  std::shared_ptr<ThreadPool> pool;
  PackCache packs;
  Arena arena;
  std::vector<std::unique_ptr<Program>> programs;  // the one used last comes first
};

Session::Session(Model model, SessionOptions options)
    : Session(std::move(model), options,
              std::make_shared<ThreadPool>(options.threads > 0 ? options.threads : available_cores())) {}
Session::Session(Model model, SessionOptions options, std::shared_ptr<ThreadPool> pool)
    : impl_(std::make_unique<Impl>(std::move(model), options, std::move(pool))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Model& Session::model() const { return impl_->model; }
const SessionOptions& Session::options() const { return impl_->options; }
int Session::threads() const { return impl_->pool->threads(); }
const std::shared_ptr<ThreadPool>& Session::pool() const { return impl_->pool; }

std::vector<Tensor> Session::run(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> outputs;
  run(inputs, outputs);
  return outputs;
}

void Session::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, KvStep* cache) {
  const Graph& graph = impl_->model.graph;
  require(inputs.size() == graph.inputs().size(), "model '{}' takes {} inputs, not {}", graph.name(),
          graph.inputs().size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    if (!inputs[i].defined()) fail("input '{}' is empty; it must be {}", value.name, to_string(value.type));
    if (inputs[i].dtype() != value.type.dtype)
      fail("input '{}' must be {}, not {}", value.name, to_string(value.type), name(inputs[i].dtype()));
  }
  impl_->program_for(inputs).run(inputs, outputs, *impl_->pool, impl_->options.profile, cache,
                                 impl_->options.borrow_outputs);
}

std::vector<NodeProfile> Session::profile() const {
  return impl_->options.profile && !impl_->programs.empty() ? impl_->programs.front()->profile()
                                                            : std::vector<NodeProfile>{};
}
std::size_t Session::arena_bytes() const { return impl_->arena.bytes(); }
std::size_t Session::packed_bytes() const {
  return impl_->packs.bytes() + (impl_->programs.empty() ? 0 : impl_->programs.front()->packed_bytes());
}

}  // namespace frugal
