// Stop strings in a text that comes in pieces.
#pragma once

#include <string>
#include <vector>

namespace frugal {

class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {}

  // What can be shown of the text so far. An end of it that may be the beginning of a stop string is held back; from
  // the first stop string on nothing is shown.
  std::string push(const std::string& piece);
  std::string finish();  // what is held back, at the end of a text without a stop string
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> strings_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace frugal
