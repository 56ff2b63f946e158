// Statistics of batch norms without a training program: the engine runs a graph that computes them.
#include <map>

#include "base/check.h"
#include "base/progress.h"
#include "engine/program.h"
#include "frugal/session.h"
#include "graph/costs.h"
#include "graph/op.h"
#include "graph/rewrite.h"
#include "methods/adder_quant/adder_quant.h"

namespace frugal {
namespace {

struct Norm {
  std::string mean, variance;  // names of the running statistics
  std::int64_t channels = 0;
  ValueId x = kNone;                                   // in the network
  ValueId batch_mean = kNone, batch_variance = kNone;  // in the graph that computes them
  std::vector<double> mean_sum{}, variance_sum{};
};

// (x - mean) / sqrt(variance + eps) * weight + bias with the batch's own statistics.
Norm write_out(Rewriter& r, const Node& node) {
  const Graph& graph = r.graph();
  for (std::size_t i = 1; i < node.inputs.size(); ++i)
    require(r.data(node.inputs[i]) && r.data(node.inputs[i])->dtype() == DType::f32,
            "the batch norm '{}' has no fixed float32 weights: batch_norm=keep leaves it as it is", node.name);
  const std::int64_t channels = graph.value(node.inputs[1]).type.shape[0].value();
  const auto rank = static_cast<std::int64_t>(graph.value(node.inputs[0]).type.shape.size());
  Ints axes{0};
  Shape beside{channels};
  for (std::int64_t d = 2; d < rank; ++d) axes.push_back(d), beside.push_back(1);
  auto op = [&](const char* name, std::vector<ValueId> inputs, Attrs attrs = {}) {
    return r.add_node(name, r.fresh_name(node.name + "." + name), std::move(inputs), std::move(attrs))[0];
  };
  auto constant = [&](const char* part, Tensor t) {
    return r.add_weight(r.fresh_name(node.name + part), std::move(t), WeightRole::constant);
  };
  auto along = [&](const char* part, std::size_t input) {
    return constant(part, r.data(node.inputs[input])->reshape(beside));
  };
  const ValueId x = r.map(node.inputs[0]), mean = op("reduce_mean", {x}, {{"axes", axes}}),
                centred = op("sub", {x, mean}),
                variance = op("reduce_mean", {op("mul", {centred, centred})}, {{"axes", axes}}),
                eps = constant(".eps", Tensor::scalar(static_cast<float>(attr_real(node, "eps")))),
                deviation = op("sqrt", {op("add", {variance, eps})}),
                scaled = op("mul", {op("div", {centred, deviation}), along(".scale", 1)});
  r.replace(node.outputs[0], op("add", {scaled, along(".shift", 2)}));
  return {graph.value(node.inputs[3]).name, graph.value(node.inputs[4]).name, channels, node.inputs[0], mean, variance};
}

// Of which the statistics of each norm are taken.
std::vector<std::int64_t> values_each_channel(const Graph& graph, const std::vector<Tensor>& batch,
                                              const std::vector<Norm>& norms) {
  std::vector<Shape> shapes;
  for (const Tensor& t : batch) shapes.push_back(t.shape());
  const std::vector<ValueType> types = infer_types(graph, bind_inputs(graph, shapes));
  std::vector<std::int64_t> out;
  for (const Norm& norm : norms)
    out.push_back(element_count(fixed_shape(types[static_cast<std::size_t>(norm.x)].shape)) / norm.channels);
  return out;
}

void add_batch(Norm& norm, const Tensor& mean, const Tensor& variance, double weight, double values) {
  norm.mean_sum.resize(static_cast<std::size_t>(norm.channels));
  norm.variance_sum.resize(static_cast<std::size_t>(norm.channels));
  const double unbiased = values > 1 ? values / (values - 1) : 1;  // as running statistics are
  for (std::int64_t c = 0; c < norm.channels; ++c) {
    norm.mean_sum[static_cast<std::size_t>(c)] += weight * mean.data<float>()[c];
    norm.variance_sum[static_cast<std::size_t>(c)] += weight * unbiased * variance.data<float>()[c];
  }
}

Tensor average(const std::vector<double>& sum, double samples) {
  std::vector<float> out;
  for (double v : sum) out.push_back(static_cast<float>(v / samples));
  return Tensor::from<float>({static_cast<std::int64_t>(out.size())}, out);
}

// Means and variances, by the names of the running statistics that they belong to.
struct Statistics {
  std::map<std::string, Tensor> means, variances;
};

Statistics measure_statistics(const Model& model, const Batches& batches, int threads) {
  std::vector<Norm> norms;
  Model measuring = rewrite(model, [&](Rewriter& r, const Node& node) {
    if (node.op->name != "batch_norm") return Visit::copy;
    norms.push_back(write_out(r, node));
    return Visit::done;
  });
  if (norms.empty()) return {};
  const std::size_t own = measuring.graph.outputs().size();
  for (const Norm& norm : norms) {
    measuring.graph.add_output(norm.batch_mean, "mean of " + norm.mean);
    measuring.graph.add_output(norm.batch_variance, "variance of " + norm.variance);
  }
  Session session(std::move(measuring), {.threads = threads});
  Progress progress("batch norm", static_cast<std::int64_t>(batches.size()));
  std::vector<Tensor> outputs;
  double pictures = 0;
  for (const std::vector<Tensor>& batch : batches) {
    session.run(batch, outputs);
    const double n = static_cast<double>(batch.at(0).dim(0));
    pictures += n;
    const std::vector<std::int64_t> values = values_each_channel(model.graph, batch, norms);
    for (std::size_t i = 0; i < norms.size(); ++i)
      add_batch(norms[i], outputs[own + 2 * i], outputs[own + 2 * i + 1], n, static_cast<double>(values[i]));
    progress.advance();
  }
  Statistics out;
  for (const Norm& norm : norms) {
    out.means[norm.mean] = average(norm.mean_sum, pictures);
    out.variances[norm.variance] = average(norm.variance_sum, pictures);
  }
  return out;
}

// f(running, before, after) of every channel.
template <typename F>
Tensor moved(const Tensor& running, const Tensor& before, const Tensor& after, F f) {
  Tensor out = running.clone();
  for (std::int64_t c = 0; c < out.numel(); ++c)
    out.data<float>()[c] = f(running.data<float>()[c], before.data<float>()[c], after.data<float>()[c]);
  return out;
}

}  // namespace

Model reestimate_batch_norm(const Model& model, const Batches& batches, int threads) {
  const Statistics measured = measure_statistics(model, batches, threads);
  Model out = model;
  for (const auto* of : {&measured.means, &measured.variances})
    for (const auto& [name, value] : *of) out.weights.insert_or_assign(name, value);
  return out;
}

Model shift_batch_norm(const Model& before, const Model& after, const Batches& batches, int threads) {
  const Statistics old = measure_statistics(before, batches, threads),
                   now = measure_statistics(after, batches, threads);
  Model out = after;
  for (const auto& [name, mean] : now.means)
    out.weights.insert_or_assign(name, moved(before.weights.at(name), old.means.at(name), mean,
                                             [](float running, float was, float is) { return running + (is - was); }));
  for (const auto& [name, variance] : now.variances)
    out.weights.insert_or_assign(
        name, moved(before.weights.at(name), old.variances.at(name), variance,
                    [](float running, float was, float is) { return was > 0 ? running * (is / was) : is; }));
  return out;
}

}  // namespace frugal
