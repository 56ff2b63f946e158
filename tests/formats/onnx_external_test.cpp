// Data in other files: only what lies in the model's own folder is opened.
#include <unistd.h>

#include "formats/onnx_models.h"

namespace frugal {
namespace {

using test::linear;
using test::load;
using test::ModelProto;
using test::TensorProto;

// A model whose weight lies in another file; `change` sets its entries.
ModelProto external(const std::string& location, const std::string& offset = "0", const std::string& length = "24") {
  ModelProto m = linear();
  TensorProto& t = *m.mutable_graph()->mutable_initializer(0);
  t.clear_raw_data();
  t.set_data_location(TensorProto::EXTERNAL);
  for (auto [key, value] : {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
    auto& entry = *t.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
  return m;
}

class OnnxExternal : public testing::Test {
 protected:
  OnnxExternal() {
    std::filesystem::create_directories(folder / "model" / "a");
    const std::vector<float> data{0, 1, 2, 3, 4, 5, 6};
    std::string bytes(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float));
    test::write_file(folder / "model" / "inside.bin", bytes);
    test::write_file(folder / "model" / "a" / "deep.bin", bytes);
    test::write_file(folder / "secret.bin", bytes);
  }
  Model load_at(const ModelProto& m) {
    const std::filesystem::path path = folder / "model" / "m.onnx";
    test::write_file(path, m.SerializeAsString());
    return load_onnx(path.string());
  }
  test::TempDir folder;
};

TEST_F(OnnxExternal, ReadsTheModelsOwnFolder) {
  EXPECT_EQ(load_at(external("inside.bin", "4")).weights.at("w").data<float>()[0], 1);
  EXPECT_EQ(load_at(external("a/deep.bin")).weights.at("w").data<float>()[5], 5);
}

// CVE-2022-25882 and CVE-2024-27318: a path that climbs out.
TEST_F(OnnxExternal, RefusesPathsThatClimb) {
  EXPECT_ERROR(load_at(external("../secret.bin")), "..");
  EXPECT_ERROR(load_at(external("a/../../secret.bin")), "..");
  EXPECT_ERROR(load_at(external("a/../inside.bin")), "..");
  EXPECT_ERROR(load_at(external("..")), "..");
  EXPECT_ERROR(load_at(external((folder / "secret.bin").string())), "absolute");
  EXPECT_ERROR(load_at(external("")), "location");
  EXPECT_ERROR(load_at(external(std::string("inside.bin\0x", 12))), "location");
  EXPECT_ERROR(load_at(external("a")), "regular file");
  EXPECT_ERROR(load_at(external("nobody.bin")), "nobody.bin");
}

// CVE-2026-27489: links that lead out.
TEST_F(OnnxExternal, RefusesSymbolicLinks) {
  std::filesystem::create_symlink(folder / "secret.bin", folder / "model" / "link.bin");
  std::filesystem::create_directory_symlink(folder.path(), folder / "model" / "up");
  EXPECT_ERROR(load_at(external("link.bin")), "symbolic link");
  EXPECT_ERROR(load_at(external("up/secret.bin")), "symbolic link");
}

// CVE-2026-34446 and CVE-2026-34447.
TEST_F(OnnxExternal, RefusesHardLinks) {
  ASSERT_EQ(::link((folder / "secret.bin").c_str(), (folder / "model" / "hard.bin").c_str()), 0);
  EXPECT_ERROR(load_at(external("hard.bin")), "hard link");
}

TEST_F(OnnxExternal, RefusesBytesBeyondTheEnd) {
  EXPECT_ERROR(load_at(external("inside.bin", "8")), "beyond the end");
  EXPECT_ERROR(load_at(external("inside.bin", "18446744073709551608")), "beyond the end");
  EXPECT_ERROR(load_at(external("inside.bin", "-4")), "offset");
  EXPECT_ERROR(load_at(external("inside.bin", "0", "20")), "20 bytes");
  EXPECT_ERROR(load_at(external("inside.bin", "0", "99999999999999999999999")), "length");
}

// Sparse tensors go through the same checks, and their indices too.
TEST_F(OnnxExternal, ChecksSparseTensors) {
  auto sparse = [](std::int64_t index, const std::string& location) {
    ModelProto m = linear();
    m.mutable_graph()->mutable_initializer()->DeleteSubrange(0, 1);
    auto& s = *m.mutable_graph()->add_sparse_initializer();
    s.add_dims(3);
    s.add_dims(2);
    TensorProto &values = *s.mutable_values(), &indices = *s.mutable_indices();
    values.set_name("w");
    values.set_data_type(TensorProto::FLOAT);
    values.add_dims(1);
    if (location.empty()) {
      values.add_float_data(9);
    } else {
      values.set_data_location(TensorProto::EXTERNAL);
      auto& entry = *values.add_external_data();
      entry.set_key("location");
      entry.set_value(location);
    }
    indices.set_data_type(TensorProto::INT64);
    indices.add_dims(1);
    indices.add_int64_data(index);
    return m;
  };
  EXPECT_EQ(load_at(sparse(5, "")).weights.at("w").data<float>()[5], 9);
  EXPECT_ERROR(load_at(sparse(6, "")), "outside");
  EXPECT_ERROR(load_at(sparse(-1, "")), "outside");
  EXPECT_ERROR(load_at(sparse(0, "../secret.bin")), "..");
}

}  // namespace
}  // namespace frugal
