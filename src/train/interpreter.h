// Runs a graph with LibTorch, node by node, with autograd.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "frugal/model.h"
#include "graph/initial_weights.h"
#include "train/torch_op.h"

namespace frugal {

torch::Tensor to_torch(const Tensor& tensor);    // copies
Tensor from_torch(const torch::Tensor& tensor);  // copies, to the CPU
torch::ScalarType torch_dtype(DType dtype);

class Interpreter {
 public:
  // Parameters require gradients; buffers and constants do not. The graph must outlive the interpreter.
  Interpreter(const Graph& graph, const Weights& weights, torch::Device device = torch::kCPU,
              torch::ScalarType precision = torch::kFloat32);

  // `taps`: names of values whose tensors are wanted besides the outputs.
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& inputs, bool training,
                                     std::map<std::string, torch::Tensor>* taps = nullptr);

  // From now on this node runs as `op`, whatever its own op is: a layer that a method trains in a form of its own.
  void replace_node(const std::string& node_name, TorchOp op);

  std::map<std::string, torch::Tensor>& weights() { return weights_; }
  std::vector<torch::Tensor> parameters() const;  // in the graph's order
  std::vector<std::string> parameter_names() const;
  Weights export_weights() const;
  const Graph& graph() const { return graph_; }
  torch::Device device() const { return device_; }

 private:
  struct PlannedNode {
    const Node* node;
    const TorchOp* op;
    std::vector<ValueId> dead;  // values that nobody reads after this node
  };

  const Graph& graph_;
  torch::Device device_;
  std::map<std::string, torch::Tensor> weights_;
  bool symbolic_ = false;  // some node has sizes in its attributes that are only known at run time
  std::vector<PlannedNode> plan_;
  std::map<std::string, TorchOp> replaced_;  // by node; plan_ points into it
};

}  // namespace frugal
