// Files of prompts for language models.
#pragma once

#include <string>
#include <vector>

namespace frugal {

class Tokenizer;

struct Prompt {
  std::string text{};
  bool from_template = false;  // a chat template made it: it holds its special tokens itself
};

// A JSON object a line: {"prompt": text} or {"messages": [{"role", "content"}]}; further keys are left alone, empty
// lines skipped. Error names the line.
std::vector<Prompt> read_prompts(const std::string& path, const Tokenizer& tokenizer);

}  // namespace frugal
