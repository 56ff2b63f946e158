#include "support/support.h"

#include <stdlib.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/random.h"

namespace frugal::test {

namespace fs = std::filesystem;

fs::path source_dir() { return FRUGAL_SOURCE_DIR; }

fs::path shared_path(std::string_view relative) {
  const char* root = std::getenv("FRUGAL_SHARED");
  return (root ? fs::path(root) : source_dir().parent_path() / "shared") / relative;
}

TempDir::TempDir() {
  std::string name = (fs::temp_directory_path() / "frugal-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw Error("cannot make a temporary folder like " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw Error("cannot write " + path.string());
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

Tensor random_tensor(Shape shape, std::uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  RandomStream random(seed, "test");
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] = random.normal();
  return t;
}

namespace {

testing::AssertionResult alike(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype()) return testing::AssertionFailure() << name(a.dtype()) << " against " << name(b.dtype());
  if (a.shape() != b.shape())
    return testing::AssertionFailure() << "shape " << to_string(a.shape()) << " against " << to_string(b.shape());
  return testing::AssertionSuccess();
}

bool is_float(DType t) { return t == DType::f32 || t == DType::f64 || t == DType::f16 || t == DType::bf16; }

}  // namespace

testing::AssertionResult same(const Tensor& a, const Tensor& b) {
  if (auto shapes = alike(a, b); !shapes) return shapes;
  if (std::memcmp(a.raw(), b.raw(), a.bytes()) == 0) return testing::AssertionSuccess();
  std::size_t at = 0;
  while (static_cast<const char*>(a.raw())[at] == static_cast<const char*>(b.raw())[at]) ++at;
  return testing::AssertionFailure() << "first difference at byte " << at << " of " << a.bytes();
}

testing::AssertionResult close(const Tensor& a, const Tensor& b, double absolute, double relative) {
  if (!is_float(a.dtype())) return same(a, b);
  if (auto shapes = alike(a, b); !shapes) return shapes;
  Tensor x = a.to(DType::f64), y = b.to(DType::f64);
  std::int64_t worst = -1, wrong = 0;
  double worst_excess = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    double p = x.data<double>()[i], q = y.data<double>()[i];
    if (p == q || (std::isnan(p) && std::isnan(q))) continue;
    double excess = std::abs(p - q) - (absolute + relative * std::abs(q));
    if (excess <= 0) continue;  // false for NaN, which then counts as wrong
    ++wrong;
    if (worst < 0 || !(excess <= worst_excess)) worst = i, worst_excess = excess;
  }
  if (wrong == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << wrong << " of " << x.numel() << " elements differ; the worst, " << worst << ": "
                                     << x.data<double>()[worst] << " against " << y.data<double>()[worst];
}

}  // namespace frugal::test
