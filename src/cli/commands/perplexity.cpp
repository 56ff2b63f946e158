// frugal perplexity: how well a language model foretells a text.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/language_options.h"
#include "cli/output.h"
#include "formats/file.h"
#include "language/perplexity.h"

namespace frugal {
namespace {

struct Options {
  LanguageOptions language;
  std::string file;
  int window = 512;
};

int run_perplexity(const Options& options, const Common& common) {
  OpenedLanguageModel opened = open_language_model(options.language, common);
  const Tokenizer& tokenizer = tokenizer_of(opened, options.language);
  const std::vector<std::int32_t> ids =
      tokenizer.encode(MappedFile::open(options.file)->text(), {.add_special = false, .parse_special = false});
  const bool with_bos = tokenizer.bos() && !tokenizer.encode("", {}).empty();
  Progress progress("perplexity", std::ssize(ids));
  const Perplexity result = perplexity(*opened.runner, ids, options.window, with_bos ? tokenizer.bos() : std::nullopt,
                                       [&](std::int64_t done) {
                                         check_interrupt();
                                         progress.advance(done);
                                       });
  if (common.json)
    print_json({{"perplexity", result.perplexity}, {"tokens", result.tokens}});
  else
    print("perplexity {:.4f} over {} tokens\n", result.perplexity, result.tokens);
  return 0;
}

}  // namespace

FRUGAL_COMMAND(perplexity) {
  commands.add({.name = "perplexity",
                .summary = "Measure how well a language model foretells a text",
                .help =
                    "Cuts the text into windows of tokens, reads each from an empty cache, and gives exp of the mean "
                    "of -ln p\n"
                    "over every token but the first of a window.\n"
                    "JSON: {perplexity, tokens}.",
                .examples = "  frugal perplexity model.gguf book.txt\n"
                            "  frugal perplexity model.gguf book.txt --window 2048 --exact --json",
                .define = [](CLI::App& app) -> CommandRun {
                  auto options = std::make_shared<Options>();
                  options->language.add_model(app);
                  app.add_option("FILE", options->file, "The text")->required();
                  add_number(app, "--window", options->window, 2, 1 << 20, "Tokens of a window (default: 512)");
                  return [options](const Common& common) { return run_perplexity(*options, common); };
                }});
}

}  // namespace frugal
