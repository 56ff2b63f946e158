// Exit 0 good, 1 failed, 2 wrong usage, 128 + signal when stopped (130 for Ctrl-C).
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include <c10/util/Exception.h>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "cli/train/program.h"
#include "train/communicator.h"

namespace frugal {
namespace {

struct Program {
  CLI::App app{"Training and comparisons with LibTorch. `frugal train` hands over to this program.", "frugal-train"};
  TrainCommon common;
  std::vector<std::pair<CLI::App*, TrainCommandRun>> runs;

  void add(const char* name, const char* summary, TrainCommandRun (*define)(CLI::App&, const TrainCommon&)) {
    CLI::App* sub = app.add_subcommand(name, summary);
    runs.emplace_back(sub, define(*sub, common));
    sub->add_flag("--json", common.json, "Print one JSON document on stdout and nothing else");
    sub->add_flag("-q,--quiet", common.quiet, "No progress and no notes on stderr, only warnings and errors");
  }

  Program() {
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);
    add("train", "Train a network by a recipe", define_train);
    add("bench-torch", "Time LibTorch's forward pass of a network", define_bench_torch);
    add("compare", "The engine's outputs against LibTorch's", define_compare);
  }

  int run() {
    if (common.quiet || !Communicator::instance().first()) {
      set_log_level(std::max(log_level(), LogLevel::warning));
      Progress::enable(false);
    }
    for (auto& [sub, run] : runs)
      if (sub->parsed()) return run();
    return 2;
  }
};

int parse(Program& program, int argc, char** argv, bool& finished) {
  finished = true;
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(program.app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& e) {
    auto subs = program.app.get_subcommands();
    std::string name = subs.empty() ? "frugal-train" : subs.front()->get_display_name();
    log_error("{} (see: {} --help)", e.what(), name);
    return 2;
  }
  finished = false;
  return 0;
}

// One process that fails must not leave the others waiting for it.
int failed(int code, const std::string& sentence) {
  Communicator& c = Communicator::instance();
  log_error("{}", c.size() > 1 ? fmt::format("process {}: {}", c.rank(), sentence) : sentence);
  if (c.size() > 1) c.abort(code);
  return code;
}

int guarded(int argc, char** argv) {
  try {
    Program program;
    bool finished = false;
    int code = parse(program, argc, argv, finished);
    if (!finished) {
      Communicator::start();
      code = program.run();
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
      log_error("could not write to standard output");
      return code == 0 ? 1 : code;
    }
    return code;
  } catch (const Interrupted&) {
    log_warning("stopped");
    return interrupt_exit_code();
  } catch (const UsageError& e) {
    return failed(2, e.what());
  } catch (const Error& e) {
    return failed(1, e.what());
  } catch (const c10::Error& e) {
    return failed(1, fmt::format("LibTorch: {}", e.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    return failed(1, "out of memory");
  }
}

// OpenMP's threads spin for milliseconds before they sleep, which on a busy machine takes the cores from those that
// have work (measured: twice the time). The library reads its settings when it is loaded, so start once more with them.
void start_with_short_spins(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "10000", 1);
  execv("/proc/self/exe", argv);  // returns only where it fails: then as it was
}

}  // namespace
}  // namespace frugal

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_DFL);
  frugal::start_with_short_spins(argv);
  frugal::install_interrupt_handler();
  return frugal::guarded(argc, argv);
}
