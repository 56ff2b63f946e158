// Jinja templates (https://jinja.palletsprojects.com), as chat templates of language models use them: for, if, set,
// macro, filter, break, continue; expressions with filters, tests, methods of str, dict and list, slices. White space
// is treated as transformers does (trim_blocks, lstrip_blocks). Nothing in a template can reach files or the network;
// time and memory are bounded. What is not supported (include, import, extends, call, recursive loops) is refused.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace frugal {

class Template {
 public:
  struct Limits {
    std::int64_t steps = 20'000'000;  // expressions and statements
    std::size_t output = 64u << 20;   // bytes
  };

  // Error with the line of what is wrong.
  explicit Template(std::string_view source);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  // Error with the line, also for what the template raises itself and for limits.
  std::string render(const nlohmann::ordered_json& variables, const Limits& limits) const;
  std::string render(const nlohmann::ordered_json& variables) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace frugal
