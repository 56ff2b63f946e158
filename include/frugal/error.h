// Errors that a user can cause: bad files, bad arguments, bad shapes.
//
// Every message is one clear sentence: what is wrong, where, and what would be right.
// Bugs of the library itself are assertions (src/base/check.h), never an Error.
#pragma once

#include <stdexcept>
#include <string>

namespace frugal {

// A failure that the caller can act on. The command line exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The request itself is malformed (unknown name, value out of range). The command line exits with 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace frugal
