#include "base/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "base/terminal.h"

namespace frugal {
namespace {

constexpr int kStderr = 2;
std::atomic<bool> enabled{true};
std::atomic<bool> line_shown{false};

using Clock = std::chrono::steady_clock;

std::string rate_text(double rate) {
  return rate >= 100 ? fmt::format("{:.0f}/s", rate) : fmt::format("{:.3g}/s", rate);
}

}  // namespace

Progress::Progress(std::string title, std::int64_t total)
    : title_(std::move(title)), total_(std::max<std::int64_t>(total, 0)), start_(Clock::now()) {}

Progress::~Progress() { clear_line(); }

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void Progress::enable(bool on) { enabled = on; }

void Progress::clear_line() {
  if (line_shown.exchange(false)) std::fputs("\r\033[K", stderr), std::fflush(stderr);
}

void Progress::advance(std::int64_t items, std::string_view note) {
  done_ += items;
  if (!note.empty()) note_ = note;
  constexpr auto interval = std::chrono::milliseconds(100);
  static const bool terminal = is_terminal(kStderr);
  if (!terminal || !enabled || (Clock::now() - drawn_ < interval && done_ != total_)) return;
  draw();
}

void Progress::draw() {
  drawn_ = Clock::now();
  fmt::print(stderr, "\r{}\033[K", text(terminal_width(kStderr) - 1));
  std::fflush(stderr);
  line_shown = true;
}

std::string Progress::text(int width) const {
  double elapsed = seconds();
  double rate = elapsed > 0 ? static_cast<double>(done_) / elapsed : 0;
  if (total_ == 0) {  // nobody knows how many there will be
    std::string line = fmt::format("{}  {}  {}", title_, done_, rate_text(rate));
    if (!note_.empty()) line += "  " + note_;
    return line.substr(0, static_cast<std::size_t>(std::max(width, 0)));
  }
  double part = total_ > 0 ? std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0) : 0;
  constexpr int kBar = 20;
  int filled = static_cast<int>(part * kBar);
  std::string line = fmt::format("{}  [{}{}] {:3.0f}%  {}", title_, std::string(filled, '#'),
                                 std::string(kBar - filled, '.'), 100 * part, rate_text(rate));
  if (rate > 0 && done_ < total_)
    line += fmt::format("  {} left", duration_text(static_cast<double>(total_ - done_) / rate));
  if (!note_.empty()) line += "  " + note_;
  if (line.size() > static_cast<std::size_t>(std::max(width, 0)))
    line.resize(static_cast<std::size_t>(std::max(width, 0)));
  return line;
}

}  // namespace frugal
