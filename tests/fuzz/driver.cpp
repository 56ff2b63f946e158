// Runs a target without libFuzzer: a bounded number of mutated seeds, each a function of (seed, index)
// alone. On a finding the input is saved, and the message says how to run it again.
//
//   safetensors_fuzz [--inputs N] [--seed S]     mutated seeds, N of them
//   safetensors_fuzz FILE...                     these files
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>

#include "base/random.h"
#include "frugal/error.h"
#include "fuzz.h"

// A parser that allocates far more than its input justifies is a finding too.
extern "C" const char* __asan_default_options() {
  return "max_allocation_size_mb=1024:hard_rss_limit_mb=2048:abort_on_error=0:detect_leaks=1";
}
// The undefined-behaviour runtime does not know the address runtime's callback: it aborts, which we catch.
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }
extern "C" void __sanitizer_set_death_callback(void (*callback)());

namespace {

using frugal::RandomStream;

constexpr unsigned kSecondsAnInput = 10;
constexpr std::size_t kMaxInput = 1 << 16;

const char* target_name = "";
std::vector<char> current;  // the input that is running

void save_input() {
  char path[64];
  std::snprintf(path, sizeof path, "crash-%016llx",
                static_cast<unsigned long long>(frugal::fnv1a64({current.data(), current.size()})));
  if (FILE* file = std::fopen(path, "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
  }
  std::fprintf(stderr, "%s: input saved; run it again with: %s %s\n", target_name, target_name, path);
}

void on_alarm(int) {
  std::fprintf(stderr, "%s: an input took more than %u seconds\n", target_name, kSecondsAnInput);
  save_input();
  _exit(1);
}

void on_abort(int) {  // an assertion, or undefined behaviour
  save_input();
  _exit(1);
}

void on_uncaught() {
  try {
    std::rethrow_exception(std::current_exception());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: an exception that is not frugal::Error: %s\n", target_name, e.what());
  } catch (...) {}
  save_input();
  _exit(1);
}

bool run(const std::string& input) {  // whether it was accepted
  current.assign(input.begin(), input.end());
  current.shrink_to_fit();  // no slack behind it that would hide a read too far
  alarm(kSecondsAnInput);
  bool accepted = true;
  try {
    frugal::fuzz::parse(std::as_bytes(std::span(current)));
  } catch (const frugal::Error&) {
    accepted = false;
  }
  alarm(0);
  return accepted;
}

std::size_t below(RandomStream& random, std::size_t n) { return random.below(static_cast<std::uint32_t>(n)); }

// One of the numbers and words that parsers get wrong.
std::string interesting(RandomStream& random) {
  static const std::vector<std::string> words{"0",
                                              "-1",
                                              "1",
                                              "7",
                                              "255",
                                              "65536",
                                              "2147483648",
                                              "4294967295",
                                              "4294967296",
                                              "9223372036854775807",
                                              "9223372036854775808",
                                              "18446744073709551615",
                                              "1e999",
                                              "0.5",
                                              "null",
                                              "true",
                                              "\"\"",
                                              "[]",
                                              "{}",
                                              "[",
                                              "{",
                                              "]",
                                              "}",
                                              ",",
                                              ":",
                                              "\"",
                                              "\\",
                                              "'",
                                              "(",
                                              ")",
                                              "[0]",
                                              "[1,1,1,1,1,1,1,1,1]",
                                              "\xff",
                                              " "};
  static const std::uint64_t numbers[] = {0,          1,          2,           3,          7,      8,      9,
                                          0x7f,       0x80,       0xff,        0x7fff,     0x8000, 0xffff, 0x7fffffff,
                                          0x80000000, 0xffffffff, 0x100000000, ~0ull >> 1, ~0ull};
  if (random.below(2)) return words[below(random, words.size())];
  const int sizes[] = {1, 2, 4, 8};
  return frugal::fuzz::number(numbers[below(random, std::size(numbers))], sizes[random.below(4)], random.below(2));
}

void mutate(std::string& s, const std::vector<std::string>& seeds, RandomStream& random) {
  std::size_t at = below(random, s.size() + 1),
              size = std::min(s.size() - at, below(random, random.below(4) ? 8 : 256) + 1);
  switch (random.below(9)) {
    case 0:
      if (at < s.size()) s[at] = static_cast<char>(s[at] ^ (1 << random.below(8)));
      break;
    case 1:
      if (at < s.size()) s[at] = static_cast<char>(random.next_u32());
      break;
    case 2: s.erase(at, size); break;
    case 3: s.insert(below(random, s.size() + 1), s.substr(at, size)); break;
    case 4: s.resize(at); break;
    case 5: s.insert(at, interesting(random)); break;
    case 6: {
      std::string word = interesting(random);
      s.replace(at, std::min(word.size(), s.size() - at), word);
      break;
    }
    case 7: {  // a piece of another seed, at the same place
      const std::string& other = seeds[below(random, seeds.size())];
      if (at < other.size()) s.replace(at, size, other.substr(at, size));
      break;
    }
    case 8: {  // a digit becomes another one
      std::size_t digit = s.find_first_of("0123456789", at);
      if (digit != std::string::npos) s[digit] = static_cast<char>('0' + random.below(10));
      break;
    }
  }
  if (s.size() > kMaxInput) s.resize(kMaxInput);
}

std::string input_number(std::uint64_t index, std::uint64_t seed, const std::vector<std::string>& seeds) {
  if (index < seeds.size()) return seeds[index];
  RandomStream random(seed, target_name, index);
  std::string input = seeds[below(random, seeds.size())];
  for (std::uint32_t n = 1 + random.below(random.below(4) ? 3 : 12); n > 0; --n) mutate(input, seeds, random);
  return random.below(4) ? frugal::fuzz::repair(std::move(input)) : input;
}

}  // namespace

int main(int argc, char** argv) {
  const char* slash = std::strrchr(argv[0], '/');
  target_name = slash ? slash + 1 : argv[0];
  std::uint64_t inputs = 20'000, seed = 1;
  std::vector<const char*> files;
  for (int i = 1; i < argc; ++i) {
    bool more = i + 1 < argc;
    if (more && !std::strcmp(argv[i], "--inputs"))
      inputs = std::strtoull(argv[++i], nullptr, 10);
    else if (more && !std::strcmp(argv[i], "--seed"))
      seed = std::strtoull(argv[++i], nullptr, 10);
    else
      files.push_back(argv[i]);
  }
  __sanitizer_set_death_callback(save_input);
  std::set_terminate(on_uncaught);
  signal(SIGALRM, on_alarm);
  signal(SIGABRT, on_abort);

  for (const char* file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "%s: cannot read %s\n", target_name, file);
      return 2;
    }
    run({std::istreambuf_iterator<char>(in), {}});
  }
  if (!files.empty()) return 0;

  const std::vector<std::string> seeds = frugal::fuzz::seeds();
  for (const std::string& s : seeds) frugal::fuzz::parse(std::as_bytes(std::span(s)));  // each must be well-formed
  std::uint64_t accepted = 0;
  for (std::uint64_t i = 0; i < inputs; ++i) accepted += run(input_number(i, seed, seeds));
  std::printf("%s: %llu inputs, %llu of them well-formed\n", target_name, static_cast<unsigned long long>(inputs),
              static_cast<unsigned long long>(accepted));
  return 0;
}
