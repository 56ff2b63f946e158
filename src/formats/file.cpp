#include "formats/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace frugal {

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // O_NONBLOCK: a pipe must not hang us
  require(fd >= 0, "cannot open {}: {}", path, std::strerror(errno));
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } closer{fd};
  return from_descriptor(fd, path);
}

std::shared_ptr<const MappedFile> MappedFile::from_descriptor(int fd, const std::string& name) {
  struct stat status {};
  void* data = nullptr;
  std::size_t size = 0;
  std::string problem;
  if (::fstat(fd, &status) != 0) {
    problem = std::strerror(errno);
  } else if (!S_ISREG(status.st_mode)) {
    problem = S_ISDIR(status.st_mode) ? "it is a folder, not a file" : "it is not a regular file";
  } else if ((size = static_cast<std::size_t>(status.st_size)) != 0) {
    data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) problem = std::strerror(errno);
  }
  require(problem.empty(), "cannot read {}: {}", name, problem);
  return std::shared_ptr<const MappedFile>(new MappedFile(data, size));
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, size_);
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  struct stat status {};
  // Renaming over /dev/null or a folder would destroy it or fail late.
  require(::stat(path_.c_str(), &status) != 0 || S_ISREG(status.st_mode),
          "cannot write {}: it exists and is not a regular file", path_);
  static std::atomic<unsigned> serial{0};
  temporary_ = fmt::format("{}.tmp-{}-{}", path_, ::getpid(), serial++);
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  require(fd_ >= 0, "cannot write {}: {}", path_, std::strerror(errno));
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::failed(const char* what) const { fail("cannot {} {}: {}", what, path_, std::strerror(errno)); }

void AtomicFile::write(const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes) {
    ssize_t done = ::write(fd_, at, std::min(bytes, std::size_t{1} << 30));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) failed("write");
    at += done;
    bytes -= static_cast<std::size_t>(done);
  }
}

void AtomicFile::commit(Flush flush) {
  if (flush == Flush::yes && ::fsync(fd_) != 0) failed("flush");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) failed("rename onto");
  ::close(fd_);
  fd_ = -1;
  if (flush == Flush::no) return;
  // The new name must survive a power cut too; a folder that cannot be opened only weakens that.
  std::size_t slash = path_.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::fsync(fd);
    ::close(fd);
  }
}

}  // namespace frugal
