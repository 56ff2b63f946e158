// Ctrl-C asks a long job to stop at the next good place; a second Ctrl-C ends the process at once.
#pragma once

#include <exception>

namespace frugal {

// SIGINT and SIGTERM. `ends_reads`: a read that waits for input ends too.
void install_interrupt_handler(bool ends_reads = false);
bool interrupted();
int interrupt_exit_code();  // 128 + the signal: 130 for Ctrl-C
// For programs that go on: whether a signal came, which is then forgotten.
bool take_interrupt(bool ends_reads = false);

// Thrown by check_interrupt() where a job has nothing to save. Not an Error: nobody is wrong.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};
void check_interrupt();

}  // namespace frugal
