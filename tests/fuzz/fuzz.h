// What a fuzz target defines: *_fuzz.cpp, one a parser. The same targets run under libFuzzer (clang) and
// under driver.cpp (any compiler).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/tensor.h"

namespace frugal::fuzz {

// --- by the target ---

// Parses the input. Error is the expected answer to a broken one; anything else is a finding.
void parse(std::span<const std::byte> input);
// Well-formed inputs to start from.
std::vector<std::string> seeds();
// Puts lengths and checksums right again after a mutation, so that it gets past them; or nothing.
std::string repair(std::string input);

// --- for the targets (target.cpp) ---

std::string written(const std::function<void(const std::string& path)>& write);  // what a writer writes
std::string number(std::uint64_t value, int bytes, bool big_endian = false);
std::uint32_t crc(std::string_view text);
void touch(const Tensor& tensor);  // reads every byte, so that a tensor beyond its data is seen

}  // namespace frugal::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
