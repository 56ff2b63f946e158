#include "formats/weights.h"

#include <gtest/gtest.h>

#include "formats/safetensors.h"
#include "graph/builder.h"
#include "support/support.h"

namespace frugal::test {
namespace {

Graph small_network() {
  GraphBuilder b("small");
  ValueId x = b.image_input(3, 4, 4);
  x = b.batch_norm("bn1", b.conv2d("conv1", x, {.out = 2, .kernel = 1}));
  b.output(b.linear("fc", b.flatten(x), 5), "logits");
  return b.finish();
}

Weights fitting() {
  Weights w;
  Graph graph = small_network();
  for (const Value& value : graph.values())
    if (value.kind == ValueKind::weight) w[value.name] = random_tensor(fixed_shape(value.type.shape), w.size());
  return w;
}

TEST(Weights, LoadFromAFile) {
  TempDir dir;
  std::string path = dir / "w.safetensors";
  Weights w = fitting();
  write_safetensors(path, {w.begin(), w.end()});
  Weights loaded = load_weights(small_network(), path);
  ASSERT_EQ(loaded.size(), w.size());
  for (const auto& [name, tensor] : w) EXPECT_TRUE(same(loaded.at(name), tensor)) << name;
}

TEST(Weights, PrefixAndCountersOfPyTorchAreUnderstood) {
  Weights wrapped;
  for (const auto& [name, tensor] : fitting()) wrapped["module." + name] = tensor;
  wrapped["module.bn1.num_batches_tracked"] = Tensor::scalar<std::int64_t>(7);
  Weights loaded = match_weights(small_network(), wrapped, "w");
  for (const auto& [name, tensor] : fitting()) EXPECT_TRUE(same(loaded.at(name), tensor)) << name;
  EXPECT_FALSE(loaded.contains("bn1.num_batches_tracked"));
}

TEST(Weights, OtherFloatTypesAreConverted) {
  Weights w = fitting();
  Tensor half = w.at("fc.weight").to(DType::f16);
  w["fc.weight"] = half;
  w["fc.bias"] = w.at("fc.bias").to(DType::f64);
  Weights loaded = match_weights(small_network(), w, "w");
  EXPECT_TRUE(same(loaded.at("fc.weight"), half.to(DType::f32)));
  EXPECT_TRUE(same(loaded.at("fc.bias"), fitting().at("fc.bias")));
}

TEST(Weights, WhatTheNetworkHasNoPlaceForIsLeftOut) {
  Weights w = fitting();
  w["logits"] = w["input"] = w.at("fc.bias");
  testing::internal::CaptureStderr();
  Weights loaded = match_weights(small_network(), w, "w.safetensors");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("no use of 2 tensors, the first is 'input'"),
            std::string::npos);
  EXPECT_EQ(loaded.size(), fitting().size());
}

TEST(Weights, WhatDoesNotFitIsNamed) {
  auto refused = [](auto change) {
    Weights w = fitting();
    change(w);
    try {
      match_weights(small_network(), w, "w.safetensors");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(refused([](Weights& w) { w.erase("fc.bias"); }),
            "w.safetensors does not fit network 'small'; 1 tensor is missing: 'fc.bias'");
  EXPECT_EQ(refused([](Weights& w) { w["fc2.weight"] = w.extract("fc.weight").mapped(); }),
            "w.safetensors does not fit network 'small'; 1 tensor is missing: 'fc.weight' (nearest: 'fc2.weight'); "
            "1 tensor is not part of it: 'fc2.weight' (nearest: 'fc.weight')");
  EXPECT_EQ(refused([](Weights& w) {
              w["fc.weight"] = Tensor(DType::f32, {7, 32});
            }),
            "w.safetensors does not fit network 'small'; 'fc.weight' is 7x32, not 5x32");
  EXPECT_EQ(refused([](Weights& w) { w["fc.bias"] = Tensor(DType::i8, {5}); }),
            "w.safetensors does not fit network 'small'; 'fc.bias' is int8, not float32");
  EXPECT_NE(refused([](Weights& w) {
              w = {{"module.fc.weight", w.at("fc.weight")}, {"x", w.at("fc.bias")}};
            }).find("7 tensors are missing"),
            std::string::npos);
  EXPECT_NE(refused([](Weights& w) {
              w.clear();
            }).find("7 tensors are missing: 'conv1.weight', 'bn1.weight', 'bn1.bias', ..."),
            std::string::npos);
}

}  // namespace
}  // namespace frugal::test
