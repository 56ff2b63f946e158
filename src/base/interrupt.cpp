#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace frugal {
namespace {

volatile sig_atomic_t caught = 0;
int wake[2] = {-1, -1};  // a pipe: what is written at a signal stays readable, so that no wait can miss it

void handle(int signal) {
  const int before = errno;
  caught = signal;
  [[maybe_unused]] const ssize_t written = write(wake[1], "", 1);
  errno = before;
}

}  // namespace

void install_interrupt_handler() {
  if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) wake[0] = wake[1] = -1;
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESETHAND | SA_RESTART;  // the second one meets the default action
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return caught != 0; }
int interrupt_exit_code() { return 128 + (caught ? caught : SIGINT); }

bool take_interrupt() {
  if (!interrupted()) return false;
  caught = 0;
  for (char byte = 0; read(wake[0], &byte, 1) > 0;) {}
  install_interrupt_handler();
  return true;
}

bool wait_for_input(int fd) {
  pollfd waits[2] = {{fd, POLLIN, 0}, {wake[0], POLLIN, 0}};
  while (poll(waits, 2, -1) < 0 && errno == EINTR) {}
  return !interrupted();
}

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace frugal
