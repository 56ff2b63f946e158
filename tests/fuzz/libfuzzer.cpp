// libFuzzer's hooks: the seeds as a corpus, and repair after half of its mutations.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "fuzz.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

// With FRUGAL_FUZZ_SEEDS=FOLDER the target writes its seeds there and ends.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("FRUGAL_FUZZ_SEEDS");
  if (!folder) return 0;
  int i = 0;
  for (const std::string& seed : frugal::fuzz::seeds())
    std::ofstream(folder + ("/seed" + std::to_string(i++)), std::ios::binary) << seed;
  std::exit(0);
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 2) return size;
  std::string repaired = frugal::fuzz::repair({reinterpret_cast<const char*>(data), size});
  size = std::min(repaired.size(), max_size);
  std::memcpy(data, repaired.data(), size);
  return size;
}
