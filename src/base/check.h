// fail() for a user's mistake, FRUGAL_ASSERT() for a bug of ours.
#pragma once

#include <fmt/core.h>

#include "frugal/error.h"

namespace frugal {

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::vformat(format, fmt::make_format_args(args...)));
}

template <typename... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw UsageError(fmt::vformat(format, fmt::make_format_args(args...)));
}

// Throws Error with the formatted sentence unless `ok`.
template <typename... Args>
void require(bool ok, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) [[unlikely]]
    throw Error(fmt::vformat(format, fmt::make_format_args(args...)));
}

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace frugal

// Always on: the checks stand outside inner loops, and a wrong answer costs more than a branch.
#define FRUGAL_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::frugal::assertion_failed(#condition, __FILE__, __LINE__))
