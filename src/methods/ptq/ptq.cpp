#include "methods/ptq/ptq.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "engine/program.h"
#include "frugal/session.h"
#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"
#include "methods/measure.h"

namespace frugal {
namespace {

// A product with a matrix of weights is a linear layer, whose weight is the transposed one.
Visit linear_for_matmul(Rewriter& r, const Node& node) {
  if (node.op->name != "matmul") return Visit::copy;
  const Tensor* w = r.data(node.inputs[1]);
  const ValueType& x = r.graph().value(node.inputs[0]).type;
  if (!w || w->rank() != 2 || w->dtype() != DType::f32 || x.shape.size() < 2 || x.dtype != DType::f32)
    return Visit::copy;
  Tensor turned = *w;
  if (!attr_flag(node, "transpose_b")) {
    turned = Tensor(DType::f32, {w->dim(1), w->dim(0)});
    for (std::int64_t i = 0; i < w->dim(0); ++i)
      for (std::int64_t o = 0; o < w->dim(1); ++o)
        turned.data<float>()[o * w->dim(0) + i] = w->data<float>()[i * w->dim(1) + o];
  }
  const std::string& name = r.graph().value(node.inputs[1]).name;
  const ValueId weight = r.add_weight(r.fresh_name(name + ".transposed"), turned, WeightRole::parameter);
  r.replace(node.outputs[0], r.add_node("linear", node.name, {r.map(node.inputs[0]), weight}, {})[0]);
  return Visit::done;
}

Model folded(const Model& model) {
  Model out = simplify(model, [](const Node& node, const std::vector<const Tensor*>& inputs) {
    return evaluate_node(node, inputs, active_kernels());
  });
  out = rewrite(out, linear_for_matmul);
  out.metadata = model.metadata;
  return out;
}

// One layer by itself: Q, D, layer.
double layer_snr(const Model& model, const Node& node, const Tensor& x, const Tensor& y, const ByteRange& range,
                 bool by_row, int threads) {
  PtqPlan plan{.layers = {0}, .values = {0}};
  if (by_row) plan.rows.insert(0);
  Session session(insert_qdq(single_node(model, node, x.shape()), plan, {{0, range}}), {.threads = threads});
  Snr snr;
  snr.add(y, session.run({x})[0]);
  return snr.db();
}

// A layer's input may pass through pooling and the like behind the value that is quantised, or be a concat whose parts
// are: then the widest of them stands for all.
ByteRange range_at(const Graph& graph, const PtqPlan& plan, const std::map<ValueId, ByteRange>& ranges, ValueId x) {
  if (auto found = ranges.find(x); found != ranges.end()) return found->second;
  if (auto parts = plan.parts.find(x); parts != plan.parts.end()) {
    ByteRange widest{0, 0};
    for (ValueId p : parts->second)
      if (ranges.at(p).scale > widest.scale) widest = ranges.at(p);
    return widest;
  }
  FRUGAL_ASSERT(graph.value(x).kind == ValueKind::node);
  return range_at(graph, plan, ranges, graph.node(graph.value(x).producer).inputs[0]);
}

std::vector<PtqLayer> measure_layers(const Model& model, const PtqPlan& plan,
                                     const std::map<ValueId, ByteRange>& ranges, const std::vector<Tensor>& batch,
                                     int threads) {
  const std::size_t own = model.graph.outputs().size();
  std::vector<ValueId> values;
  for (NodeId id : plan.layers) {
    values.push_back(model.graph.node(id).inputs[0]);
    values.push_back(model.graph.node(id).outputs[0]);
  }
  const std::vector<Tensor> taps = Session(with_taps(model, values), {.threads = threads}).run(batch);
  std::vector<PtqLayer> layers;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const Node& node = model.graph.node(plan.layers[i]);
    const ByteRange range = range_at(model.graph, plan, ranges, node.inputs[0]);
    layers.push_back({node.name, node.op->name,
                      layer_snr(model, node, taps[own + 2 * i], taps[own + 2 * i + 1], range,
                                plan.rows.contains(node.inputs[0]), threads),
                      false});
  }
  return layers;
}

// The worst layers, as the settings ask.
std::vector<std::string> to_keep(std::vector<PtqLayer>& layers, const PtqSettings& settings) {
  std::vector<PtqLayer*> worst;
  for (PtqLayer& l : layers) worst.push_back(&l);
  std::stable_sort(worst.begin(), worst.end(), [](PtqLayer* a, PtqLayer* b) { return a->snr_db < b->snr_db; });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < worst.size(); ++i) {
    worst[i]->float32 = i < static_cast<std::size_t>(settings.float_layers) || worst[i]->snr_db < settings.min_snr;
    if (worst[i]->float32) names.push_back(worst[i]->name);
  }
  return names;
}

}  // namespace

Model quantize_model(const Model& model, const std::vector<std::vector<Tensor>>& batches, const PtqSettings& settings,
                     PtqReport& report) {
  const Model whole = folded(model);
  PtqPlan plan = plan_ptq(whole, {}, settings.activations);
  require(!plan.layers.empty(), "the network has no convolution or linear layer with fixed float weights to quantise");
  require(!batches.empty(), "calibration needs at least one sample");
  std::map<ValueId, ByteRange> ranges = calibrate(whole, plan, batches, settings);
  report.layers = measure_layers(whole, plan, ranges, batches.front(), settings.threads);
  if (const std::vector<std::string> floats = to_keep(report.layers, settings); !floats.empty()) {
    plan = plan_ptq(whole, floats, settings.activations);
    if (!plan.values.empty()) ranges = calibrate(whole, plan, batches, settings);
  }
  Model out = remove_dead_code(insert_qdq(whole, plan, ranges));
  out.metadata = model.metadata;
  const std::vector<Tensor> exact = Session(whole, {.threads = settings.threads}).run(batches.front()),
                            rounded = Session(out, {.threads = settings.threads}).run(batches.front());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    Snr snr;
    if (exact[i].dtype() == DType::f32) snr.add(exact[i], rounded[i]);
    report.output_snr_db.push_back(snr.db());
  }
  return out;
}

}  // namespace frugal
