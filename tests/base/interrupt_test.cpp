#include "base/interrupt.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace frugal {
namespace {

struct Pipe {
  int ends[2];
  Pipe() { EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
};

// A read would wait for ever: nobody writes, and the signal is over.
TEST(Interrupt, ASignalBeforeTheWaitEndsIt) {
  Pipe empty;
  install_interrupt_handler();
  raise(SIGINT);
  EXPECT_FALSE(wait_for_input(empty.ends[0]));
  EXPECT_EQ(interrupt_exit_code(), 130);
  EXPECT_TRUE(take_interrupt());
  EXPECT_FALSE(take_interrupt());
}

TEST(Interrupt, ASignalToAnotherThreadEndsTheWait) {
  Pipe empty;
  install_interrupt_handler();
  std::thread other([] { pthread_kill(pthread_self(), SIGINT); });
  EXPECT_FALSE(wait_for_input(empty.ends[0]));
  other.join();
  EXPECT_TRUE(take_interrupt());
}

TEST(Interrupt, InputAfterATakenSignalIsWaitedFor) {
  Pipe input;
  install_interrupt_handler();
  raise(SIGTERM);
  EXPECT_TRUE(take_interrupt());
  ASSERT_EQ(write(input.ends[1], "x", 1), 1);
  EXPECT_TRUE(wait_for_input(input.ends[0]));
}

}  // namespace
}  // namespace frugal
