#include "base/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/progress.h"
#include "base/terminal.h"

namespace frugal {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

// "warning: " before a warning, nothing before an info.
class LevelPrefix : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    static constexpr std::string_view prefixes[] = {"trace: ", "debug: ", "", "warning: ", "error: ", "error: ", ""};
    std::string_view prefix = prefixes[message.level];
    message.color_range_start = out.size();
    out.append(prefix.data(), prefix.data() + prefix.size());
    message.color_range_end = out.size();
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelPrefix>(); }
};

spdlog::logger& logger() {
  static spdlog::logger* logger = [] {
    auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
    sink->set_color_mode(colour_allowed(2) ? spdlog::color_mode::always : spdlog::color_mode::never);
    auto* made = new spdlog::logger("frugal", std::move(sink));
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<LevelPrefix>('*').set_pattern("%*%v");
    made->set_formatter(std::move(formatter));
    made->flush_on(spdlog::level::trace);
    const char* wanted = std::getenv("FRUGAL_LOG");
    std::string name = wanted ? wanted : "info";
    made->set_level(name == "warning" ? spdlog::level::warn
                    : name == "error" ? spdlog::level::err
                                      : spdlog::level::from_str(name));
    if (made->level() == spdlog::level::off && name != "off") {
      made->set_level(spdlog::level::info);
      made->warn("FRUGAL_LOG={} is not one of debug, info, warning, error, off", name);
    }
    return made;
  }();
  return *logger;
}

}  // namespace

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }

LogLevel log_level() {
  switch (logger().level()) {
    case spdlog::level::trace:
    case spdlog::level::debug: return LogLevel::debug;
    case spdlog::level::info: return LogLevel::info;
    case spdlog::level::warn: return LogLevel::warning;
    case spdlog::level::off: return LogLevel::off;
    default: return LogLevel::error;
  }
}

void log_message(LogLevel level, std::string_view message) {
  Progress::clear_line();
  logger().log(to_spdlog(level), "{}", message);
}

}  // namespace frugal
