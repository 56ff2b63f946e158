#include "base/terminal.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace frugal {

bool is_terminal(int fd) { return isatty(fd) == 1; }

bool colour_allowed(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color && *no_color) return false;
  const char* term = std::getenv("TERM");
  return is_terminal(fd) && !(term && std::string_view(term) == "dumb");
}

int terminal_width(int fd) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string coloured(std::string_view text, Colour colour, int fd) {
  if (!colour_allowed(fd)) return std::string(text);
  static constexpr std::string_view codes[] = {"31", "32", "33", "34", "90", "1"};
  return fmt::format("\033[{}m{}\033[0m", codes[static_cast<int>(colour)], text);
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  std::int64_t s = std::llround(std::clamp(seconds, 0.0, 3.6e8));
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace frugal
