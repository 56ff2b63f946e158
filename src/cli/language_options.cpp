#include "cli/language_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/log.h"
#include "formats/file.h"

namespace frugal {
namespace {

CacheType cache_type(const std::string& name) {
  return name == "f32" ? CacheType::f32 : name == "q8" ? CacheType::q8 : CacheType::f16;
}

// "12=-5,7=2.5"
std::map<std::int32_t, double> parse_bias(const std::string& text) {
  std::map<std::int32_t, double> out;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int32_t token = 0;
    double bias = 0;
    auto first = std::from_chars(at, end, token);
    bool good = first.ec == std::errc() && first.ptr < end && *first.ptr == '=';
    auto second = good ? std::from_chars(first.ptr + 1, end, bias) : std::from_chars_result{};
    good = good && second.ec == std::errc() && (second.ptr == end || *second.ptr == ',');
    if (!good) fail_usage("--logit-bias {}: write it as TOKEN=BIAS,TOKEN=BIAS, such as 12=-5,7=2.5", text);
    out[token] = bias;
    at = second.ptr == end ? end : second.ptr + 1;
  }
  return out;
}

}  // namespace

SamplingOptions LanguageOptions::drawing(std::uint64_t seed) const {
  SamplingOptions out = sampling;
  out.logit_bias = parse_bias(logit_bias);
  out.seed = seed;
  return out;
}

void LanguageOptions::add_model(CLI::App& app) {
  app.add_option("MODEL", model, "A language model: a .gguf file, or a folder with config.json and safetensors")
      ->required();
  add_cache(app);
}

void LanguageOptions::add_cache(CLI::App& app) {
  add_number(app, "--context", context, 0, 1 << 24, "Tokens of prompt and text at most (default: the model's)");
  app.add_option("--cache", cache, "Elements of the cache: f16, f32 or q8")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"f16", "f32", "q8"}).description(""));
  add_number(app, "--cache-mb", cache_megabytes, 1, 1 << 20, "Memory of the cache at most, in MiB (default: 2048)");
  app.add_flag("--exact", exact, "Activations stay float32; without it they are rounded to 8 bits before each product");
}

void LanguageOptions::add_sampling(CLI::App& app) {
  auto real = [&](const char* flag, double& value, const char* text) {
    app.add_option(flag, value, text)->type_name("X");
  };
  real("--temperature", sampling.temperature, "0: the most likely token; else draw, 1 as the model says (default: 0)");
  add_number(app, "--top-k", sampling.top_k, 0, 1 << 30, "Draw among the k most likely (default: 0, all)");
  real("--top-p", sampling.top_p, "Draw among the fewest that reach this probability (default: 1)");
  real("--min-p", sampling.min_p, "Draw among those this likely against the most likely (default: 0)");
  real("--repetition-penalty", sampling.repetition_penalty, "Above 1: against tokens that were there (default: 1)");
  real("--frequency-penalty", sampling.frequency_penalty, "Taken off a logit for every time (default: 0)");
  real("--presence-penalty", sampling.presence_penalty, "Taken off a logit once (default: 0)");
  add_number(app, "--penalty-window", sampling.penalty_window, 0, 1 << 30, "Tokens that penalties see (default: 64)");
  app.add_option("--grammar", grammar, "The text keeps to this grammar (GBNF)")->type_name("FILE.gbnf");
  app.add_option("--json-schema", json_schema, "The text is JSON that is valid for this schema")
      ->type_name("FILE.json");
  app.add_option("--logit-bias", logit_bias, "Added to logits: TOKEN=BIAS,TOKEN=BIAS")->type_name("LIST");
}

void LanguageOptions::add_batch(CLI::App& app) {
  add_number(app, "--batch", batch, 1, 4096, "Sequences at once (default: 8)");
  add_drafter(app);
}

void LanguageOptions::add_drafter(CLI::App& app) {
  app.add_option("--draft", draft, "Who drafts: none, lookup, ngram (default), or the file of a smaller model")
      ->type_name("NAME|MODEL");
  app.add_option("--draft-text", draft_text, "ngram copies from this text, too, such as earlier answers of the model")
      ->type_name("FILE.txt");
  add_number(app, "--drafts", drafts, 0, 63, "Drafted tokens of a sequence and step at most (default: 7)");
  app.add_flag("--always-draft", always_draft, "Draft even where it does not pay");
  add_number(app, "--chunk", chunk, 1, 65536, "Tokens of prompts read in a step (default: 256)");
}

OpenedLanguageModel open_language_model(const LanguageOptions& options, const Common& common) {
  OpenedLanguageModel out;
  out.language = load_language_model(options.model);
  const auto own = static_cast<int>(out.language.config.context);
  out.context = options.context > 0 ? options.context : own;
  if (own > 0 && options.context > own)
    log_warning("{} was trained for {} tokens; beyond them its texts may fall apart", options.model, own);
  RunnerOptions runner{.threads = common.threads,
                       .cache = cache_type(options.cache),
                       .cache_bytes = static_cast<std::size_t>(options.cache_megabytes) << 20,
                       .exact = options.exact};
  out.runner = std::make_unique<Runner>(std::move(out.language.model), runner);
  return out;
}

const Tokenizer& tokenizer_of(const OpenedLanguageModel& opened, const LanguageOptions& options) {
  if (!opened.language.tokenizer) fail("{}: the file has no tokenizer", options.model);
  return *opened.language.tokenizer;
}

std::unique_ptr<Drafter> make_drafter(const LanguageOptions& options, const Common& common,
                                      const OpenedLanguageModel& target) {
  if (!options.draft_text.empty()) {
    if (options.draft != "ngram") fail_usage("--draft-text is for --draft ngram, not {}", options.draft);
    const auto file = MappedFile::open(options.draft_text);
    return ngram_drafter(
        4, 2, tokenizer_of(target, options).encode(file->text(), {.add_special = false, .parse_special = false}));
  }
  if (options.draft == "none") return nullptr;
  if (options.draft == "lookup") return lookup_drafter();
  if (options.draft == "ngram") return ngram_drafter();
  LanguageOptions draft = options;
  draft.model = options.draft;
  OpenedLanguageModel opened = open_language_model(draft, common);
  const Tokenizer *a = target.language.tokenizer.get(), *b = opened.language.tokenizer.get();
  if (a && b && (a->spec().tokens != b->spec().tokens))
    fail("{} and its drafter {} have different vocabularies; they must share one", options.model, options.draft);
  return model_drafter(std::move(opened.runner), target.runner->vocabulary());
}

std::shared_ptr<Constraint> make_constraint(const LanguageOptions& options, const Tokenizer& tokenizer) {
  if (options.grammar.empty() && options.json_schema.empty()) return nullptr;
  if (!options.grammar.empty() && !options.json_schema.empty()) fail_usage("give either --grammar or --json-schema");
  const std::string& path = options.grammar.empty() ? options.json_schema : options.grammar;
  const auto file = MappedFile::open(path);
  return naming_file(path, [&] {
    const Grammar grammar = options.grammar.empty() ? grammar_of_json_schema(file->text()) : parse_gbnf(file->text());
    return std::make_shared<Constraint>(grammar, std::make_shared<ConstraintVocabulary>(tokenizer));
  });
}

SchedulerOptions scheduler_options(const LanguageOptions& options, const OpenedLanguageModel& target) {
  return {.batch = options.batch,
          .context = target.context,
          .chunk = options.chunk,
          .most_drafts = options.drafts,
          .adaptive = !options.always_draft};
}

}  // namespace frugal
