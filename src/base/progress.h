// A line that tells how far a long job is: on stderr, on a terminal only, redrawn in place.
//   Progress progress("epoch 3/8", images);
//   progress.advance(batch, fmt::format("loss {:.3f}", loss));
// shows  "epoch 3/8  [#######.......]  48%  12300/s  0:21 left  loss 0.412"
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace frugal {

class Progress {
 public:
  Progress(std::string title, std::int64_t total);  // 0: not known
  ~Progress();                                      // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t items = 1, std::string_view note = {});
  std::int64_t done() const { return done_; }
  double seconds() const;  // since construction

  // The line at a given width, as it would be drawn.
  std::string text(int width) const;

  // For the whole process (--quiet). On a pipe or file nothing is drawn anyway.
  static void enable(bool on);
  // Other writers to stderr (the log) clear the line first; the next advance() draws it again.
  static void clear_line();

 private:
  void draw();

  std::string title_, note_;
  std::int64_t total_, done_ = 0;
  std::chrono::steady_clock::time_point start_, drawn_{};
};

}  // namespace frugal
