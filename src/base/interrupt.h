// Ctrl-C asks a long job to stop at the next good place; a second Ctrl-C ends the process at once.
#pragma once

#include <exception>

namespace frugal {

void install_interrupt_handler();  // SIGINT and SIGTERM
bool interrupted();
int interrupt_exit_code();  // 128 + the signal: 130 for Ctrl-C
// For programs that go on: whether a signal came, which is then forgotten.
bool take_interrupt();
// Until there is something to read, or the other end is closed; false: a signal came, however early, and to whichever
// thread (a read would go on waiting after one that came just before it).
bool wait_for_input(int fd);

// Thrown by check_interrupt() where a job has nothing to save. Not an Error: nobody is wrong.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};
void check_interrupt();

}  // namespace frugal
