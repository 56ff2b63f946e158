#include "base/interrupt.h"

#include <signal.h>

namespace frugal {
namespace {

volatile sig_atomic_t caught = 0;

void handle(int signal) { caught = signal; }

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESETHAND | SA_RESTART;  // the second one meets the default action
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return caught != 0; }
int interrupt_exit_code() { return 128 + (caught ? caught : SIGINT); }

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace frugal
