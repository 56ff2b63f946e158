#include "base/interrupt.h"

#include <signal.h>

namespace frugal {
namespace {

volatile sig_atomic_t caught = 0;

void handle(int signal) { caught = signal; }

}  // namespace

void install_interrupt_handler(bool ends_reads) {
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESETHAND;  // the second one meets the default action
  if (!ends_reads) action.sa_flags |= SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return caught != 0; }
int interrupt_exit_code() { return 128 + (caught ? caught : SIGINT); }

bool take_interrupt(bool ends_reads) {
  if (!interrupted()) return false;
  caught = 0;
  install_interrupt_handler(ends_reads);
  return true;
}

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace frugal
