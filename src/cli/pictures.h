// The pictures that a command works on.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "frugal/image.h"

namespace frugal {

struct PictureLoop {
  std::string title;  // of the progress line
  // The next picture, under the name of its file, or "frame_000001" and so on of a stream. What it returns stands in
  // the progress line. An Error ends the loop: the picture is good, so the network or the disk is not.
  std::function<std::string(const std::string& name, Image image)> work;
  // Told of what cannot be read, after the log.
  std::function<void(const std::string& name, const std::string& why)> failed;
  // May be empty. Error where the network cannot take a picture, which then counts as one that cannot be read.
  std::function<void(const Image& image)> check{};
};

struct PictureCounts {
  std::size_t read = 0, failed = 0;
  double seconds = 0;               // all of it
  double reading_milliseconds = 0;  // of that, from bytes to pixels
  int exit_code() const { return failed == 0 ? 0 : 1; }
};

// One picture after the other: those of files; of folders, however deep, in the order of their names; of "-", stdin, as
// frames one behind the other (formats/frames.h). What cannot be read is reported, and the others go on.
PictureCounts each_picture(const std::vector<std::string>& paths, const PictureLoop& loop);

}  // namespace frugal
