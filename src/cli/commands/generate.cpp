// frugal generate: texts that go on where prompts end.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/language_options.h"
#include "cli/output.h"
#include "cli/prompts.h"

namespace frugal {
namespace {

struct Generate {
  LanguageOptions language;
  std::string prompt, prompts;
  std::vector<std::string> stop;
  int max_tokens = 128, log_probabilities = -1;
  bool ids = false, ignore_end = false;
};

Json counts_json(const DraftCounts& c) {
  return {{"drafted", c.drafted}, {"accepted", c.accepted}, {"steps", c.steps},
          {"rows", c.rows},       {"cells", c.cells},       {"per_position", c.per_position}};
}

Json log_probabilities_json(const Tokenizer* tokenizer, const GenerateResult& result) {
  Json out = Json::array();
  for (std::size_t i = 0; i < result.log_probabilities.size(); ++i) {
    const LogProbabilities& p = result.log_probabilities[i];
    Json top = Json::array();
    for (const auto& [token, value] : p.top) {
      Json entry = {{"id", token}, {"log_probability", value}};
      if (tokenizer) entry["token"] = tokenizer->text(token);
      top.push_back(entry);
    }
    out.push_back({{"id", result.ids[i]}, {"log_probability", p.chosen}, {"top", top}});
  }
  return out;
}

std::vector<Prompt> prompts_of(const Generate& options, const Tokenizer& tokenizer, bool given) {
  if (given == !options.prompts.empty()) fail_usage("give either --prompt or --prompts");
  if (given) return {{.text = options.prompt}};
  return read_prompts(options.prompts, tokenizer);
}

int run_generate(const Generate& options, bool prompt_given, const Common& common) {
  LanguageOptions language = options.language;
  language.sampling = language.drawing(common.seed);
  OpenedLanguageModel opened = open_language_model(language, common);
  const Tokenizer* tokenizer = &tokenizer_of(opened, language);
  const std::vector<Prompt> prompts = prompts_of(options, *tokenizer, prompt_given);
  Scheduler scheduler(*opened.runner, tokenizer, opened.language.ends, make_drafter(language, common, opened),
                      scheduler_options(language, opened));
  const std::shared_ptr<Constraint> constraint = make_constraint(language, *tokenizer);
  const bool stream = prompts.size() == 1 && !common.json && !options.ids;
  std::vector<int> numbers;
  std::vector<std::vector<std::int32_t>> prompt_ids;
  for (const Prompt& prompt : prompts) {
    GenerateRequest request;
    request.prompt = tokenizer->encode(prompt.text, {.add_special = !prompt.from_template});
    request.max_tokens = options.max_tokens;
    request.sampling = language.sampling;
    request.stop = options.stop;
    request.log_probabilities = options.log_probabilities;
    request.ignore_end = options.ignore_end;
    request.constraint = constraint;
    if (stream)
      request.on_token = [](const Generated& g) {
        std::fwrite(g.text.data(), 1, g.text.size(), stdout);
        std::fflush(stdout);
      };
    prompt_ids.push_back(request.prompt);
    numbers.push_back(scheduler.add(std::move(request)));
  }
  Progress progress("generate", static_cast<std::int64_t>(prompts.size()));
  std::size_t ended = 0;
  while (scheduler.step()) {
    check_interrupt();
    while (!stream && ended < numbers.size() && scheduler.finished(numbers[ended])) progress.advance(), ++ended;
  }
  Json results = Json::array();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const GenerateResult result = scheduler.take(numbers[i]);
    if (common.json) {
      Json entry = {
          {"prompt_ids", prompt_ids[i]}, {"ids", result.ids}, {"text", result.text}, {"finish", result.finish}};
      if (options.log_probabilities >= 0) entry["log_probabilities"] = log_probabilities_json(tokenizer, result);
      results.push_back(entry);
    } else if (options.ids) {
      print("{}\n", fmt::format("{}", fmt::join(result.ids, " ")));
    } else if (!stream) {
      print("--- {}\n{}\n", i + 1, result.text);
    }
  }
  const Scheduler::Times& t = scheduler.times();
  const double speed = t.decode > 0 ? static_cast<double>(t.decoded_tokens) / t.decode : 0;
  const double prompt_speed = t.prompt > 0 ? static_cast<double>(t.prompt_tokens) / t.prompt : 0;
  if (common.json) {
    print_json({{"results", results},
                {"tokens_per_second", speed},
                {"prompt_tokens_per_second", prompt_speed},
                {"draft", counts_json(scheduler.counts())}});
    return 0;
  }
  if (stream) print("\n");
  const DraftCounts& c = scheduler.counts();
  if (!common.quiet)
    fmt::print(stderr, "{} tokens, {:.1f} a second (prompt: {:.0f} a second); {} of {} drafted tokens accepted\n",
               t.decoded_tokens, speed, prompt_speed, c.accepted, c.drafted);
  return 0;
}

}  // namespace

FRUGAL_COMMAND(generate) {
  commands.add(
      {.name = "generate",
       .summary = "Write on where a prompt ends",
       .help = "Goes on from one prompt, or from many at once. A line of --prompts is {\"prompt\": text} or\n"
               "{\"messages\": [{\"role\": ..., \"content\": ...}]}, which the model's chat template turns into text.\n"
               "JSON: {results[{prompt_ids, ids, text, finish}], tokens_per_second, prompt_tokens_per_second,\n"
               "draft{drafted, accepted, steps, rows, cells, per_position[]}}.",
       .examples = "  frugal generate model.gguf --prompt 'Once upon a time' --max-tokens 64\n"
                   "  frugal generate model.gguf --prompts questions.jsonl --batch 8 --draft ngram --json",
       .define = [](CLI::App& app) -> CommandRun {
         auto options = std::make_shared<Generate>();
         options->language.add_model(app);
         CLI::Option* prompt = app.add_option("--prompt", options->prompt, "The prompt, as it is")->type_name("TEXT");
         app.add_option("--prompts", options->prompts, "Prompts, one JSON object a line")->type_name("LINES.jsonl");
         add_number(app, "--max-tokens", options->max_tokens, 0, 1 << 24, "Tokens of each text at most (default: 128)");
         app.add_option("--stop", options->stop, "A text ends before this; may be given again")->type_name("TEXT");
         app.add_flag("--ids", options->ids, "Print token ids instead of text");
         app.add_flag("--ignore-end", options->ignore_end, "Go on behind end tokens (to measure)");
         add_number(app, "--logprobs", options->log_probabilities, 0, 100,
                    "JSON: that many most likely tokens at each place");
         options->language.add_sampling(app);
         options->language.add_batch(app);
         return [options, prompt](const Common& common) { return run_generate(*options, prompt->count() > 0, common); };
       }});
}

}  // namespace frugal
