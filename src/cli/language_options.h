// Options that the commands of language models share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "language/language_model.h"
#include "language/scheduler.h"

namespace frugal {

struct LanguageOptions {
  std::string model, draft = "ngram", draft_text, cache = "f16", logit_bias;
  std::string grammar, json_schema;  // files
  int context = 0, cache_megabytes = 2048, batch = 8, chunk = 256, drafts = 7;
  bool always_draft = false, exact = false;
  SamplingOptions sampling{};

  SamplingOptions drawing(std::uint64_t seed) const;  // `sampling` with what its options need to be parsed

  void add_model(CLI::App& app);     // MODEL and how it is run
  void add_cache(CLI::App& app);     // the second part of that
  void add_sampling(CLI::App& app);  // temperature and the rest
  void add_batch(CLI::App& app);     // sequences at once, and who drafts
  void add_drafter(CLI::App& app);   // the second part of that
};

struct OpenedLanguageModel {
  LanguageModel language;  // its model has moved into the runner
  std::unique_ptr<Runner> runner;
  int context = 0;
};
OpenedLanguageModel open_language_model(const LanguageOptions& options, const Common& common);

// Error where the file has none.
const Tokenizer& tokenizer_of(const OpenedLanguageModel& opened, const LanguageOptions& options);

// "none", "lookup", "ngram", or the file of a smaller model.
std::unique_ptr<Drafter> make_drafter(const LanguageOptions& options, const Common& common,
                                      const OpenedLanguageModel& target);
// From --grammar or --json-schema; null without them.
std::shared_ptr<Constraint> make_constraint(const LanguageOptions& options, const Tokenizer& tokenizer);
SchedulerOptions scheduler_options(const LanguageOptions& options, const OpenedLanguageModel& target);

}  // namespace frugal
