#include "formats/requantise.h"

#include <cmath>

#include "formats/format_test.h"

namespace frugal {
namespace {

using namespace test;

Gguf model() {
  Gguf out;
  out.metadata["general.architecture"] = GgufValue::text("llama");
  out.tensors = {{"token_embd.weight", random_tensor({40, 512})},
                 {"blk.0.attn_q.weight", random_tensor({512, 512}).to(DType::bf16)},
                 {"blk.0.attn_q.bias", random_tensor({512})},
                 {"blk.0.attn_norm.weight", random_tensor({4, 512}).to(DType::f16)},
                 {"blk.0.ffn_down.weight", random_tensor({64, 96})},
                 {"blk.0.odd.weight", random_tensor({64, 33})},
                 {"blk.0.small.weight", random_tensor({3, 256})},
                 {"ids", Tensor::from<std::int32_t>({2}, {1, 2})}};
  return out;
}

DType type_of(const Gguf& gguf, const char* name) { return gguf.tensor(name).dtype(); }

TEST(Requantise, GivesEachTensorItsType) {
  ThreadPool pool(2);
  std::vector<Requantised> report;
  const Gguf out = requantise(model(), DType::q4_k, DType::q6_k, pool, report);
  EXPECT_EQ(type_of(out, "token_embd.weight"), DType::q6_k);  // serves as output too
  EXPECT_EQ(type_of(out, "blk.0.attn_q.weight"), DType::q4_k);
  EXPECT_EQ(type_of(out, "blk.0.attn_q.bias"), DType::f32);
  EXPECT_EQ(type_of(out, "blk.0.attn_norm.weight"), DType::f32);
  EXPECT_EQ(type_of(out, "blk.0.ffn_down.weight"), DType::q5_0);  // 96 columns
  EXPECT_EQ(type_of(out, "blk.0.odd.weight"), DType::f16);
  EXPECT_EQ(type_of(out, "blk.0.small.weight"), DType::f32);
  EXPECT_EQ(type_of(out, "ids"), DType::i32);
  EXPECT_EQ(out.integer("general.file_type"), 14);
  EXPECT_EQ(out.integer("general.quantization_version"), 2);
  ASSERT_EQ(report.size(), 8u);
  EXPECT_EQ(report[1].from, DType::bf16);
  EXPECT_EQ(report[1].bytes_after, 512u * 2 * 144);

  Gguf untied = model();
  untied.tensors.push_back({"output.weight", random_tensor({40, 512})});
  const Gguf out2 = requantise(untied, DType::q4_k, DType::q6_k, pool, report);
  EXPECT_EQ(type_of(out2, "token_embd.weight"), DType::q4_k);
  EXPECT_EQ(type_of(out2, "output.weight"), DType::q6_k);
}

TEST(Requantise, ValuesAreThoseOfTheTypeOnAnyNumberOfThreads) {
  std::vector<Requantised> report;
  for (DType type : requantise_types()) {
    ThreadPool one(1), three(3);
    const Gguf a = requantise(model(), type, type, one, report), b = requantise(model(), type, type, three, report);
    for (std::size_t i = 0; i < a.tensors.size(); ++i)
      EXPECT_TRUE(same(a.tensors[i].tensor, b.tensors[i].tensor)) << name(type) << " " << a.tensors[i].name;
    EXPECT_TRUE(same(a.tensor("blk.0.attn_q.weight"), model().tensor("blk.0.attn_q.weight").to(type))) << name(type);
  }
}

TEST(Requantise, NamesTheTensorThatDoesNotFit) {
  ThreadPool pool(2);
  std::vector<Requantised> report;
  Gguf bad = model();
  bad.tensors[0].tensor.data<float>()[7] = std::nanf("");
  EXPECT_ERROR(requantise(bad, DType::q8_0, DType::q8_0, pool, report), "tensor 'token_embd.weight': a value is nan");
  bad.tensors[0].tensor.data<float>()[7] = 70000;
  EXPECT_ERROR(requantise(bad, DType::f16, DType::f16, pool, report), "beyond float16");
}

}  // namespace
}  // namespace frugal
