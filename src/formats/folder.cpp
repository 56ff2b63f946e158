#include "formats/folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace frugal {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

void check_location(const std::string& location) {
  require(!location.empty() && location.size() < 4096 && location.find('\0') == std::string::npos,
          "the location is no file name");
  require(location[0] != '/', "'{}' is an absolute path; only files in the model's folder are read", location);
  for (std::size_t at = 0; at <= location.size();) {
    std::size_t end = std::min(location.find('/', at), location.size());
    require(location.compare(at, end - at, "..") != 0, "'{}' contains '..'; only files in the model's folder are read",
            location);
    at = end + 1;
  }
}

}  // namespace

std::shared_ptr<const MappedFile> ModelFolder::open(const std::string& location) {
  check_location(location);
  require(!folder_.empty(), "'{}' cannot be read, the model has no folder", location);
  if (auto found = files_.find(location); found != files_.end()) return found->second;
  Descriptor folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  require(folder.fd >= 0, "cannot open the folder {}: {}", folder_, std::strerror(errno));
  struct open_how how {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Descriptor file{static_cast<int>(::syscall(SYS_openat2, folder.fd, location.c_str(), &how, sizeof(how)))};
  const int error = errno;
  require(file.fd >= 0 || error != ELOOP, "'{}' is a symbolic link; links are not followed", location);
  require(file.fd >= 0 || error != EXDEV, "'{}' leaves the model's folder", location);
  require(file.fd >= 0 || error != ENOSYS, "'{}' cannot be opened safely: the system has no openat2", location);
  require(file.fd >= 0, "cannot open '{}': {}", location, std::strerror(error));
  struct stat status {};
  require(::fstat(file.fd, &status) == 0 && S_ISREG(status.st_mode), "'{}' is not a regular file", location);
  require(status.st_nlink == 1, "'{}' is a hard link ({} names); copy the file", location,
          static_cast<std::uint64_t>(status.st_nlink));
  auto mapped = MappedFile::from_descriptor(file.fd, location);
  files_.emplace(location, mapped);
  return mapped;
}

}  // namespace frugal
