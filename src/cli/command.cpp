#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace frugal {

CommandRegistry& CommandRegistry::instance() {
  static CommandRegistry* registry = [] {
    auto* r = new CommandRegistry;
    register_all_command(*r);
    std::sort(r->commands_.begin(), r->commands_.end(),
              [](const Command& a, const Command& b) { return a.name < b.name; });
    return r;
  }();
  return *registry;
}

CLI::Option* add_number(CLI::App& app, const std::string& flag, int& value, int low, int high,
                        const std::string& text) {
  return app.add_option(flag, value, text)->type_name("N")->check(CLI::Range(low, high).description(""));
}

}  // namespace frugal
