#include "base/check.h"
#include "formats/file.h"
#include "formats/onnx/expand_int8.h"
#include "formats/onnx/form.h"
#include "formats/onnx/onnx.pb.h"
#include "formats/onnx/writer.h"
#include "frugal/onnx.h"
#include "graph/op.h"

namespace frugal {
namespace {

constexpr std::size_t kLargest = (std::size_t{1} << 31) - (std::size_t{1} << 20);  // protobuf's own limit is 2 GiB

}  // namespace

std::string onnx_bytes(const Model& given) {
  const Model model = expand_int8(given);
  onnx::ModelProto proto;
  OnnxWriter writer(model, proto);
  for (const Node& node : model.graph.nodes()) {
    OnnxNode out(model.graph, node, writer);
    if (const OnnxForm* form = OnnxForms::instance().find(node.op->name)) {
      (*form)(out);
    } else {
      std::vector<std::string> outputs;
      for (std::size_t i = 0; i < node.outputs.size(); ++i) outputs.push_back(out.out(i));
      writer.node(node.op->name, node.name, out.inputs(), outputs, node.attrs, OnnxWriter::kDomain);
    }
  }
  writer.finish();
  require(proto.ByteSizeLong() < kLargest, "an ONNX file holds at most 2 GiB, but this network needs {} bytes",
          proto.ByteSizeLong());
  return proto.SerializeAsString();
}

void save_onnx(const std::string& path, const Model& model) {
  naming_file(path, [&] {
    AtomicFile file(path);
    file.write(onnx_bytes(model));
    file.commit();
  });
}

}  // namespace frugal
