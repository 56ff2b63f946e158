// The ONNX project's own node tests, against our importer and engine:
//   onnx_node_tests [FOLDER [NAME...]]
// FOLDER is onnx/backend/test/data/node of the PyPI package `onnx` (up to 1.22). Every case is either passed, failed or
// not claimed (the importer says why); none may fail. Operators that take shapes, axes or scales as inputs get them as
// constants, as every exporter writes them.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "formats/onnx/onnx.pb.h"
#include "formats/onnx/tensor.h"
#include "frugal/onnx.h"
#include "frugal/session.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

onnx::TensorProto read_proto(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  onnx::TensorProto proto;
  if (!proto.ParseFromString(bytes)) throw Unreadable("a test value is no tensor");
  return proto;
}

// Half types keep their type here: only the importer widens.
Tensor read_value(const fs::path& path) {
  onnx::TensorProto proto = read_proto(path);
  ModelFolder none("");
  const std::int64_t type = proto.data_type();
  Tensor wide = tensor_from_onnx(proto, none);
  return wide.to(dtype_from_onnx(type));
}

std::vector<Tensor> read_values(const fs::path& set, const std::string& kind) {
  std::vector<Tensor> values;
  for (int i = 0; fs::exists(set / fmt::format("{}_{}.pb", kind, i)); ++i)
    values.push_back(read_value(set / fmt::format("{}_{}.pb", kind, i)));
  return values;
}

// What differs by more than 1e-3 relative and 1e-7 absolute; empty where nothing does.
std::string difference(const Tensor& got, const Tensor& wanted) {
  if (got.dtype() != wanted.dtype()) return fmt::format("is {}, not {}", name(got.dtype()), name(wanted.dtype()));
  if (got.shape() != wanted.shape())
    return fmt::format("is {}, not {}", to_string(got.shape()), to_string(wanted.shape()));
  Tensor a = got.to(DType::f64), b = wanted.to(DType::f64);
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data<double>()[i], y = b.data<double>()[i];
    if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
    if (!(std::abs(x - y) <= 1e-7 + 1e-3 * std::abs(y))) return fmt::format("[{}] is {}, not {}", i, x, y);
  }
  return "";
}

struct Outcome {
  enum { passed, failed, unclaimed } kind;
  std::string op, reason;
};

struct Case {
  onnx::ModelProto proto;
  fs::path folder;
};

std::vector<std::string> input_names(const fs::path& model) {
  std::ifstream in(model, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  onnx::ModelProto proto;
  std::vector<std::string> names;
  if (proto.ParseFromString(bytes))
    for (const auto& info : proto.graph().input()) names.push_back(info.name());
  return names;
}

// How many inputs stay run-time data: all; those that are no small lists; only the first.
bool is_parameter(std::size_t i, const Tensor& value, int attempt) {
  if (attempt == 0 || i == 0) return false;
  const bool integer = value.dtype() != DType::f32 && value.dtype() != DType::f64 && value.dtype() != DType::f16;
  return attempt == 2 || (value.rank() <= 1 && (integer || value.numel() <= 1));
}

// Where the number of rows depends on the data ours is the largest that can be, with rows of -1 after the last.
Tensor without_padding(const Tensor& rows) {
  if (rows.dtype() != DType::i64 || rows.rank() != 2) return rows;
  std::int64_t count = rows.dim(0);
  while (count > 0 && rows.data<std::int64_t>()[(count - 1) * rows.dim(1)] == -1) --count;
  return tensor_from_bytes(DType::i64, {count, rows.dim(1)}, rows.raw(),
                           static_cast<std::size_t>(count * rows.dim(1)) * sizeof(std::int64_t));
}

std::string run_case(const fs::path& folder, const std::vector<Tensor>& values, const std::vector<Tensor>& wanted,
                     int attempt) {
  OnnxOptions options;
  std::vector<Tensor> inputs;
  std::vector<std::string> names = input_names(folder / "model.onnx");
  if (names.size() != values.size()) throw Unreadable("inputs that are absent");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_parameter(i, values[i], attempt))
      options.constants[names[i]] = values[i].dtype() == DType::f16 ? values[i].to(DType::f32) : values[i];
    else
      inputs.push_back(values[i]);
  }
  Session session(load_onnx((folder / "model.onnx").string(), options), {.threads = 1});
  std::vector<Tensor> got = session.run(inputs);
  if (got.size() != wanted.size()) return fmt::format("{} outputs, not {}", got.size(), wanted.size());
  const bool bounded = folder.filename().string().starts_with("test_nonmaxsuppression");
  for (std::size_t i = 0; i < got.size(); ++i)
    if (std::string d = difference(bounded ? without_padding(got[i]) : got[i], wanted[i]); !d.empty())
      return fmt::format("output {} {}", i, d);
  return "";
}

Outcome test(const fs::path& folder) {
  std::vector<Tensor> inputs, outputs;
  try {
    inputs = read_values(folder / "test_data_set_0", "input");
    outputs = read_values(folder / "test_data_set_0", "output");
  } catch (const std::exception& e) {
    return {Outcome::unclaimed, "values", e.what()};
  }
  Outcome outcome{Outcome::unclaimed, "", ""};
  for (int attempt = 0; attempt < 3; ++attempt) {
    try {
      std::string problem = run_case(folder, inputs, outputs, attempt);
      return {problem.empty() ? Outcome::passed : Outcome::failed, "", problem};
    } catch (const OnnxUnsupported& e) {
      outcome.op = e.items().at(0).op;
      outcome.reason = e.items().at(0).reason;
    } catch (const Unreadable& e) {
      return {Outcome::unclaimed, "values", e.what()};
    } catch (const std::exception& e) {
      return {Outcome::failed, "", e.what()};
    }
  }
  return outcome;
}

fs::path find_folder() {
  if (const char* given = std::getenv("FRUGAL_ONNX_NODES")) return given;
  const char* source = std::getenv("FRUGAL_SOURCE");
  std::error_code none;
  for (const auto& python : fs::directory_iterator(fs::path(source ? source : ".") / ".venv/lib", none)) {
    fs::path found = python.path() / "site-packages/onnx/backend/test/data/node";
    if (fs::is_directory(found)) return found;
  }
  return {};
}

int run(int argc, char** argv) {
  const fs::path root = argc > 1 ? fs::path(argv[1]) : find_folder();
  if (root.empty() || !fs::is_directory(root)) {
    fmt::print("skipped: the PyPI package onnx (up to 1.22, with its node tests) is not there\n");
    return 77;
  }
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(root))
    if (fs::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
  std::sort(cases.begin(), cases.end());
  const std::set<std::string> wanted(argv + std::min(argc, 2), argv + argc);
  int passed = 0, failed = 0, unclaimed = 0;
  std::map<std::string, std::pair<int, std::string>> reasons;
  for (const fs::path& folder : cases) {
    const std::string name = folder.filename().string();
    if (!wanted.empty() && !wanted.contains(name)) continue;
    Outcome outcome = test(folder);
    if (outcome.kind == Outcome::passed) ++passed;
    if (outcome.kind == Outcome::unclaimed) {
      ++unclaimed;
      auto& entry = reasons[outcome.op];
      ++entry.first;
      entry.second = outcome.reason;
      if (!wanted.empty()) fmt::print("not claimed {}: {}: {}\n", name, outcome.op, outcome.reason);
    }
    if (outcome.kind == Outcome::failed) {
      ++failed;
      fmt::print("FAILED {}: {}\n", name, outcome.reason);
    }
  }
  for (const auto& [op, entry] : reasons)
    fmt::print("not claimed: {:3} {}, such as: {}\n", entry.first, op, entry.second);
  fmt::print("ONNX node tests: {} passed, {} failed, {} not claimed\n", passed, failed, unclaimed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace frugal

int main(int argc, char** argv) { return frugal::run(argc, argv); }
