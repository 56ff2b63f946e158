// Helpers that tests of every level share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "frugal/error.h"
#include "frugal/tensor.h"

namespace frugal::test {

// The root of the checkout.
std::filesystem::path source_dir();

// A path in the folder of shared reference data: $FRUGAL_SHARED, or ../shared beside the checkout.
// The path may not exist; FRUGAL_SKIP_WITHOUT says so and ends the test.
std::filesystem::path shared_path(std::string_view relative);

// A fresh empty folder, removed with everything in it when the object goes.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

void write_file(const std::filesystem::path& path, std::string_view bytes);
std::string read_file(const std::filesystem::path& path);

// Standard normal values from the stream (seed, "test").
Tensor random_tensor(Shape shape, std::uint64_t seed = 1);

// |a - b| <= absolute + relative * |b| everywhere, equal shapes and types; any float type, integers exactly.
// The message names the worst element. NaN equals NaN.
testing::AssertionResult close(const Tensor& a, const Tensor& b, double absolute = 1e-5, double relative = 1e-5);

// Bit for bit.
testing::AssertionResult same(const Tensor& a, const Tensor& b);

}  // namespace frugal::test

// The statement throws frugal::Error (or a class of it) whose message contains `word`.
#define EXPECT_ERROR(statement, word)                                                                            \
  try {                                                                                                          \
    statement;                                                                                                   \
    ADD_FAILURE() << "no error from " #statement;                                                                \
  } catch (const ::frugal::Error& error) {                                                                       \
    EXPECT_NE(std::string_view(error.what()).find(word), std::string_view::npos) << "message: " << error.what(); \
  }

#define FRUGAL_SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "not here: " << (path)
