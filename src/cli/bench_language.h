// frugal bench --task language.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/language_options.h"

namespace frugal {

struct BenchLanguage {
  LanguageOptions language;
  std::string prompts, plot;
  std::vector<int> threads, batches;
  std::vector<std::string> forms;  // of speculation; empty: all
  std::vector<double> synthetic;   // chance of acceptance, by place
  int max_tokens = 128, repeats = 5, bench_context = 64;
};
int bench_language(const BenchLanguage& options, const Common& common);

}  // namespace frugal
