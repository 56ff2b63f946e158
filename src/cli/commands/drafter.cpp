// frugal drafter: a small model that drafts for a large one.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/output.h"
#include "formats/file.h"
#include "language/early_exit.h"
#include "language/tokenizer.h"

namespace frugal {
namespace {

struct Options {
  std::string model, text, output;
  int layers = 8, tokens = 100000;
};

int run_drafter(const Options& options, const Common& common) {
  if (!options.model.ends_with(".gguf") || !options.output.ends_with(".gguf"))
    fail_usage("a drafter is made from a .gguf file and written as one");
  const Gguf source = read_gguf(options.model);
  const Tokenizer tokenizer(spec_from_gguf(source));
  std::vector<std::int32_t> ids =
      tokenizer.encode(MappedFile::open(options.text)->text(), {.add_special = false, .parse_special = false});
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(options.tokens)));
  EarlyExitReport report;
  Progress progress("drafter", std::ssize(ids));
  const Gguf made =
      early_exit(source, ids, {.layers = options.layers, .threads = common.threads}, &report, [&](std::int64_t done) {
        check_interrupt();
        progress.advance(done);
      });
  write_gguf(options.output, made);
  if (common.json)
    print_json({{"output", options.output},
                {"tokens", report.tokens},
                {"held_out_tokens", report.held_out_tokens},
                {"agreement", report.agreement},
                {"agreement_without_map", report.agreement_without}});
  else
    print("{}: {} layers; of {} tokens it had not seen it foretells the model's choice for {} ({} without the map)\n",
          options.output, options.layers, report.held_out_tokens, percent(report.agreement),
          percent(report.agreement_without));
  return 0;
}

}  // namespace

FRUGAL_COMMAND(drafter) {
  commands.add({.name = "drafter",
                .summary = "Make a small model that drafts for a large one",
                .help = "Takes the first layers of a language model, its norm and its head, and learns a linear map in "
                        "place of the\n"
                        "layers between, by least squares on a text. For frugal generate --draft.\n"
                        "JSON: {output, tokens, held_out_tokens, agreement, agreement_without_map}.",
                .examples = "  frugal drafter model.gguf book.txt --layers 8 -o drafter.gguf\n"
                            "  frugal generate model.gguf --prompt 'Once' --draft drafter.gguf",
                .define = [](CLI::App& app) -> CommandRun {
                  auto options = std::make_shared<Options>();
                  app.add_option("MODEL", options->model, "A .gguf file")->required();
                  app.add_option("TEXT", options->text, "A text to learn from")->required();
                  app.add_option("-o,--output", options->output, "The drafter")->type_name("OUT.gguf")->required();
                  add_number(app, "--layers", options->layers, 1, 1024, "Layers it keeps (default: 8)");
                  add_number(app, "--tokens", options->tokens, 1, 1 << 30,
                             "Tokens of the text at most (default: 100000)");
                  return [options](const Common& common) { return run_drafter(*options, common); };
                }});
}

}  // namespace frugal
