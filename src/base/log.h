// Messages to the person at the terminal: on stderr, one line each, never on stdout.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace frugal {

enum class LogLevel { debug, info, warning, error, off };

// The level is `info`, or what FRUGAL_LOG=debug|info|warning|error|off says.
void set_log_level(LogLevel level);
LogLevel log_level();
// Info as it is; others with their name before ("warning: ..."), coloured on a terminal. Clears a progress line.
void log_message(LogLevel level, std::string_view message);

template <typename... Args>
void log_at(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (level >= log_level()) log_message(level, fmt::vformat(format, fmt::make_format_args(args...)));
}
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::debug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::info, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::warning, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::error, format, std::forward<Args>(args)...);
}

}  // namespace frugal
