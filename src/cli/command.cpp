#include "cli/command.h"

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

}  // namespace frugal
