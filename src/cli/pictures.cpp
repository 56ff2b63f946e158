#include "cli/pictures.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "formats/frames.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".ppm" ||
         extension == ".pgm";
}

// The pictures of a folder; Error where there is none.
std::vector<std::string> pictures_of(const std::string& folder) {
  std::vector<std::string> inside;
  for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied))
    if (entry.is_regular_file() && is_picture(entry.path())) inside.push_back(entry.path().string());
  require(!inside.empty(), "{}: the folder holds no pictures (.jpg, .png, .ppm)", folder);
  std::sort(inside.begin(), inside.end());
  return inside;
}

class Loop {
 public:
  Loop(const PictureLoop& loop, std::int64_t total) : loop_(loop), progress_(loop.title, total) {}

  void file(const std::string& path) {
    one(path, [&] { return read_image(path); });
  }

  void frames() {
    FrameStream stream([](std::byte* to, std::size_t most) {
      ssize_t got = 0;
      do {
        got = ::read(STDIN_FILENO, to, most);
        check_interrupt();
      } while (got < 0 && errno == EINTR);
      require(got >= 0, "stdin cannot be read: {}", std::strerror(errno));
      return static_cast<std::size_t>(got);
    });
    bool more = true;
    for (int number = 1; more; ++number)
      one(fmt::format("frame_{:06}", number), [&]() -> std::optional<Image> {
        const std::optional<std::span<const std::byte>> bytes = stream.next();
        more = bytes.has_value();
        if (!more && number == 1) fail("there is no picture on stdin");
        return more ? std::optional(decode_image(*bytes)) : std::nullopt;
      });
  }

  void fail_at(const std::string& name, const std::string& why) {
    ++counts_.failed;
    log_error("{}", why);
    if (loop_.failed) loop_.failed(name, why);
    progress_.advance();
  }

  PictureCounts finish() {
    Progress::clear_line();
    counts_.seconds = progress_.seconds();
    return counts_;
  }

 private:
  // `read` gives nothing where there is nothing more.
  void one(const std::string& name, const std::function<std::optional<Image>()>& read) {
    check_interrupt();
    std::optional<Image> image;
    const auto before = std::chrono::steady_clock::now();
    try {
      image = read();
      if (image && loop_.check) loop_.check(*image);
    } catch (const Error& e) {
      const std::string why = e.what();
      return fail_at(name, why.find(name) != std::string::npos ? why : name + ": " + why);
    }
    if (!image) return;
    counts_.reading_milliseconds +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count();
    const std::string note = loop_.work(name, std::move(*image));
    ++counts_.read;
    progress_.advance(1, note);
  }

  const PictureLoop& loop_;
  Progress progress_;
  PictureCounts counts_;
};

}  // namespace

PictureCounts each_picture(const std::vector<std::string>& paths, const PictureLoop& loop) {
  // Folders are looked into first, so that the progress line knows how many pictures there are.
  struct Item {
    std::string path, why;  // why: a folder without pictures
  };
  std::vector<Item> items;
  const auto streams = std::count(paths.begin(), paths.end(), "-");
  if (streams > 1) fail_usage("'-' is stdin, which can be read once");
  if (streams == 1 && is_terminal(STDIN_FILENO))
    fail_usage("'-' reads pictures from stdin, which is a terminal: pipe JPEG or PPM pictures into it");
  for (const std::string& path : paths) {
    if (path == "-" || !fs::is_directory(path)) {
      items.push_back({path, ""});
      continue;
    }
    try {
      for (const std::string& inside : pictures_of(path)) items.push_back({inside, ""});
    } catch (const Error& e) {
      items.push_back({path, e.what()});
    }
  }
  Loop run(loop, streams > 0 ? 0 : static_cast<std::int64_t>(items.size()));
  for (const Item& item : items) {
    if (!item.why.empty())
      run.fail_at(item.path, item.why);
    else if (item.path == "-")
      run.frames();
    else
      run.file(item.path);
  }
  return run.finish();
}

}  // namespace frugal
