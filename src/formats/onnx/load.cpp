#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <filesystem>

#include "formats/onnx/importer.h"
#include "formats/onnx/load.h"
#include "formats/onnx/notes.h"

namespace frugal {

Model model_from_onnx(std::span<const std::byte> bytes, const std::string& folder, const OnnxOptions& options) {
  require(bytes.size() < INT32_MAX, "it has {} bytes; above 2 GiB the weights must lie in files of their own",
          bytes.size());
  onnx::ModelProto proto;
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream input(&stream);
  input.SetRecursionLimit(64);
  require(proto.ParseFromCodedStream(&input) && input.ConsumedEntireMessage(), "it is no ONNX model, or a damaged one");
  ModelFolder files(folder);
  Model model = onnx_import::Importer(proto, files, options).run();
  model.metadata = notes_from_onnx(proto);
  return model;
}

Model load_onnx(const std::string& path, const OnnxOptions& options) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  try {
    return model_from_onnx(file->bytes(), folder.empty() ? "." : folder.string(), options);
  } catch (const OnnxUnsupported& e) {
    throw OnnxUnsupported(path + ": " + e.what(), e.items());
  } catch (const Error& e) {
    fail("{}: {}", path, e.what());
  }
}

}  // namespace frugal
