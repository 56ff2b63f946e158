#include "base/progress.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/terminal.h"

namespace frugal {
namespace {

TEST(Duration, ReadsLikeAClock) {
  EXPECT_EQ(duration_text(0.4), "0:00");
  EXPECT_EQ(duration_text(65), "1:05");
  EXPECT_EQ(duration_text(3600 * 3 + 20 * 60 + 9), "3:20:09");
  EXPECT_EQ(duration_text(1.0 / 0.0), "?");
}

TEST(Progress, TellsShareNoteAndFitsTheWidth) {
  Progress progress("epoch 3/8", 200);
  progress.advance(50, "loss 0.5");
  std::string line = progress.text(200);
  EXPECT_NE(line.find("epoch 3/8  [#####...............]  25%"), std::string::npos) << line;
  EXPECT_NE(line.find("left  loss 0.5"), std::string::npos) << line;
  EXPECT_EQ(progress.text(12), "epoch 3/8  [");
  progress.advance(500);  // more than promised
  EXPECT_NE(progress.text(200).find("100%"), std::string::npos);
}

TEST(Progress, WithoutATotalItCounts) {
  Progress progress("frames", 0);
  EXPECT_EQ(progress.text(9), "frames  0");
  progress.advance(7);
  EXPECT_EQ(progress.text(9), "frames  7");
}

TEST(Log, BelowTheLevelNothingIsWritten) {
  LogLevel before = log_level();
  set_log_level(LogLevel::warning);
  testing::internal::CaptureStderr();
  log_info("not seen {}", 1);
  log_warning("seen {}", 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: seen 2\n");
  set_log_level(before);
}

int exit_status_after_signals(int signals) {
  pid_t child = fork();
  if (child == 0) {
    install_interrupt_handler();
    for (int i = 0; i < signals; ++i) raise(SIGINT);
    _exit(interrupted() ? interrupt_exit_code() : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(Interrupt, FirstAsksSecondKills) {
  EXPECT_EQ(exit_status_after_signals(0), 0);
  int once = exit_status_after_signals(1);
  EXPECT_TRUE(WIFEXITED(once));
  EXPECT_EQ(WEXITSTATUS(once), 130);
  int twice = exit_status_after_signals(2);
  EXPECT_TRUE(WIFSIGNALED(twice));
  EXPECT_EQ(WTERMSIG(twice), SIGINT);
}

}  // namespace
}  // namespace frugal
