// frugal: one binary, one subcommand a file in commands/. Exit 0 good, 1 failed, 2 usage, 130 on Ctrl-C.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <new>
#include <system_error>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/version.h"

namespace frugal {
namespace {

enum Exit { kGood = 0, kFailed = 1, kUsage = 2 };

void add_common(CLI::App& app, Common& common) {
  auto group = [](CLI::Option* option) { option->group("Common options"); };
  group(app.add_flag("--json", common.json, "Print one JSON document on stdout and nothing else"));
  group(app.add_flag("-q,--quiet", common.quiet, "No progress and no notes on stderr, only warnings and errors"));
  if (!app.get_option_no_throw("--threads"))  // bench has its own
    group(add_number(app, "--threads", common.threads, 1, 1024, "Threads to compute with (default: every core)"));
  group(app.add_option("--precision", common.precision,
                       "The engine's arithmetic: float32, bf16 or int8, see docs/engine.md")
            ->type_name("NAME")
            ->check(CLI::IsMember({"float32", "bf16", "int8"}).description("")));
  group(app.add_option("--seed", common.seed, "Seed of every random choice (default: 0)")->type_name("N"));
  group(app.add_option("--device", common.device, "Where to compute: cpu (training: cuda too)")->type_name("NAME"));
}

void describe(CLI::App& app, const Command& command) {
  app.description(command.help);
  if (!command.examples.empty()) app.footer("Examples:\n" + command.examples);
}

struct Program {
  CLI::App app{"Efficient neural networks on the CPU you have: look at them, run them, measure them, train them.",
               "frugal"};
  Common common;
  std::vector<std::pair<CLI::App*, CommandRun>> runs;

  Program() {
    app.footer(
        "MODEL is a built-in name (see: frugal models), then with random weights, or a file (.safetensors).\n"
        "frugal COMMAND --help tells more about a command. Environment: FRUGAL_ISA=scalar|avx2|avx512,\n"
        "FRUGAL_LOG=debug|info|warning|error|off, FRUGAL_DATA=folder of data sets, NO_COLOR.\n"
        "Exit status: 0 good, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.");
    app.set_version_flag("--version", version_text());
    app.get_formatter()->column_width(34);
    app.option_defaults()->always_capture_default(false);
    app.require_subcommand(0, 1);
    add_common(app, common);
    for (const Command& command : CommandRegistry::instance().all()) {
      CLI::App* sub = app.add_subcommand(command.name, command.summary);
      if (command.passes_arguments) {
        sub->set_help_flag();
        sub->prefix_command();
      }
      runs.emplace_back(sub, command.define(*sub));
      if (!command.passes_arguments) add_common(*sub, common);
    }
  }

  CLI::App* chosen() const {
    auto subs = app.get_subcommands();
    return subs.empty() ? nullptr : subs.front();
  }

  int run() {
    for (auto& [sub, run] : runs)
      if (sub == chosen()) return run(common);
    std::fputs(app.help().c_str(), stderr);
    return kUsage;
  }
};

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& command : CommandRegistry::instance().all()) names.push_back(command.name);
  return names;
}

// What nobody took: an unknown command, an unknown option, or one positional too many.
std::string extras_message(const Program& program) {
  const CLI::App* sub = program.chosen();
  const CLI::App& app = sub ? *sub : program.app;
  std::vector<std::string> extras = app.remaining();
  if (extras.empty()) extras = program.app.remaining();
  std::string word = extras.empty() ? "" : extras.front();
  std::string where = sub ? "frugal " + sub->get_name() : "frugal";
  if (word.starts_with("-")) {
    std::string name = word.substr(0, word.find('='));
    return fmt::format("{} has no option '{}'{} (see: {} --help)", where, name, suggestion(name, option_names(app)),
                       where);
  }
  if (!sub)
    return fmt::format("there is no command '{}'{} (see: frugal --help)", word, suggestion(word, command_names()));
  return fmt::format("{} does not know what to do with '{}' (see: {} --help)", where, word, where);
}

int usage_error(const Program& program, const std::string& sentence) {
  const CLI::App* sub = program.chosen();
  std::string where = sub ? "frugal " + sub->get_name() : "frugal";
  log_error("{} (see: {} --help)", sentence, where);
  return kUsage;
}

int parse(Program& program, int argc, char** argv, bool& finished) {
  finished = true;
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    // The chosen command's own text: its long description takes the place of the summary.
    for (const Command& command : CommandRegistry::instance().all())
      if (CLI::App* sub = program.chosen(); sub && sub->get_name() == command.name) describe(*sub, command);
    std::fputs(program.app.help().c_str(), stdout);
    return kGood;
  } catch (const CLI::CallForVersion&) {
    std::fputs((version_text() + "\n").c_str(), stdout);
    return kGood;
  } catch (const CLI::ExtrasError&) {
    log_error("{}", extras_message(program));
    return kUsage;
  } catch (const CLI::ParseError& e) {
    return usage_error(program, e.what());
  }
  finished = false;
  return kGood;
}

int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const Interrupted&) {
    log_warning("stopped");
    return interrupt_exit_code();
  } catch (const UsageError& e) {
    log_error("{}", e.what());
    return kUsage;
  } catch (const Error& e) {
    log_error("{}", e.what());
    return kFailed;
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
    return kFailed;
  } catch (const std::filesystem::filesystem_error& e) {
    log_error("{}: {}", e.path1().string(), e.code().message());
    return kFailed;
  } catch (const std::system_error& e) {
    log_error("{}", std::ferror(stdout) ? "could not write to standard output" : e.what());
    return kFailed;
  }
}

int main_program(int argc, char** argv) {
  Program program;
  bool finished = false;
  int code = parse(program, argc, argv, finished);
  if (!finished) {
    if (program.common.quiet) {
      set_log_level(std::max(log_level(), LogLevel::warning));
      Progress::enable(false);
    }
    code = program.run();
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    log_error("could not write to standard output");
    return code == kGood ? int{kFailed} : code;
  }
  return code;
}

}  // namespace
}  // namespace frugal

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_DFL);  // a closed pipe ends us quietly, also where the parent ignored it
  frugal::install_interrupt_handler();
  return frugal::guarded([&] { return frugal::main_program(argc, argv); });
}
