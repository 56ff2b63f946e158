// frugal train: hands over to frugal-train, the program beside this one that links LibTorch.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "cli/command.h"
#include "cli/train_program.h"

namespace frugal {
namespace {

int run_train(std::vector<std::string> arguments, const Common& common) {
  std::string program = train_program();
  require(!program.empty(),
          "this build has no LibTorch, so it cannot train: run tools/setup (or set CMAKE_PREFIX_PATH to a LibTorch) "
          "and build again");
  arguments.insert(arguments.begin(), {program, "train"});
  // Options written before the command's name.
  if (common.json) arguments.push_back("--json");
  if (common.quiet) arguments.push_back("--quiet");
  if (common.threads > 0) arguments.insert(arguments.end(), {"--threads", std::to_string(common.threads)});
  if (common.device != "cpu") arguments.insert(arguments.end(), {"--device", common.device});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  fail("{} could not be started: {}", program, std::strerror(errno));
}

}  // namespace

FRUGAL_COMMAND(train) {
  commands.add({.name = "train",
                .summary = "Train a network by a recipe",
                .help = "",
                .examples = "",
                .define = [](CLI::App& app) -> CommandRun {
                  return [&app](const Common& common) { return run_train(app.remaining(), common); };
                },
                .passes_arguments = true});
}

}  // namespace frugal
