#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace frugal {

CLI::Option* add_number(CLI::App& app, const std::string& flag, int& value, int low, int high,
                        const std::string& text) {
  return app.add_option(flag, value, text)->type_name("N")->check(CLI::Range(low, high).description(""));
}

}  // namespace frugal
