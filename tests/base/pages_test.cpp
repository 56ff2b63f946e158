#include "base/pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace frugal {
namespace {

constexpr std::size_t kPage = 4096, kPages = 1000;

std::size_t resident(const void* data, std::size_t pages) {
  std::vector<unsigned char> there(pages);
  // Of a file mincore() tells what the system's cache holds; of anonymous memory what the process has.
  EXPECT_EQ(::mincore(const_cast<void*>(data), pages * kPage, there.data()), 0);
  std::size_t count = 0;
  for (unsigned char t : there) count += t & 1;
  return count;
}

std::size_t process_pages() {  // of files, in this process
  std::FILE* f = std::fopen("/proc/self/statm", "r");
  std::size_t size = 0, all = 0, shared = 0;
  EXPECT_EQ(std::fscanf(f, "%zu %zu %zu", &size, &all, &shared), 3);
  std::fclose(f);
  return shared;
}

TEST(DropFilePages, DropsWhatIsOnlyReadAndKeepsWhatWasWritten) {
  std::FILE* file = std::tmpfile();
  ASSERT_TRUE(file);
  std::vector<unsigned char> bytes(kPages * kPage);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i / kPage % 251 + 1);
  ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fflush(file);
  void* mapped = ::mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  auto* data = static_cast<unsigned char*>(mapped);
  data[7 * kPage] = bytes[7 * kPage] = 200;
  ASSERT_EQ(std::memcmp(data, bytes.data(), bytes.size()), 0);
  const std::size_t before = process_pages();
  drop_file_pages(data + 1, bytes.size() - 1);
  EXPECT_LT(process_pages() + kPages * 9 / 10, before);
  EXPECT_EQ(std::memcmp(data, bytes.data(), bytes.size()), 0);
  ::munmap(mapped, bytes.size());
  std::fclose(file);
}

TEST(DropFilePages, LeavesOtherMemoryAlone) {
  auto* data = static_cast<unsigned char*>(std::aligned_alloc(kPage, kPages * kPage));
  ASSERT_TRUE(data);
  std::memset(data, 3, kPages * kPage);
  drop_file_pages(data, kPages * kPage);
  EXPECT_EQ(resident(data, kPages), kPages);
  for (std::size_t i = 0; i < kPages * kPage; ++i) ASSERT_EQ(data[i], 3);
  std::free(data);
  drop_file_pages(nullptr, 0);
}

}  // namespace
}  // namespace frugal
