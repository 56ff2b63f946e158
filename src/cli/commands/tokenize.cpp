// frugal tokenize: the ids of a text.
#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/prompts.h"
#include "language/tokenizer.h"

namespace frugal {
namespace {

struct Tokenize {
  std::string model, text, file;
  bool no_special = false, plain = false;
};

int run_tokenize(const Tokenize& options, bool text_given, const Common& common) {
  if (text_given == !options.file.empty()) fail_usage("give either --text or --file");
  const Tokenizer tokenizer = load_tokenizer(options.model);
  std::vector<Prompt> prompts;
  if (text_given)
    prompts.push_back({.text = options.text});
  else
    prompts = read_prompts(options.file, tokenizer);
  Json results = Json::array();
  for (const Prompt& prompt : prompts) {
    const EncodeOptions encode{.add_special = !options.no_special && !prompt.from_template,
                               .parse_special = !options.plain};
    const std::vector<std::int32_t> ids = tokenizer.encode(prompt.text, encode);
    if (common.json) {
      results.push_back({{"text", prompt.text}, {"ids", ids}});
      continue;
    }
    Table table({">id", "token"});
    for (std::int32_t id : ids) table.row({std::to_string(id), tokenizer.text(id)});
    table.print();
  }
  if (common.json) print_json({{"results", results}});
  return 0;
}

}  // namespace

FRUGAL_COMMAND(tokenize) {
  commands.add(
      {.name = "tokenize",
       .summary = "Show the tokens of a text",
       .help = "Cuts text into the tokens of a language model: of a .gguf file, a tokenizer.json, or a folder that "
               "holds one.\n"
               "A line of the file is {\"prompt\": text} or {\"messages\": [{\"role\": ..., \"content\": ...}]}, which "
               "the model's\n"
               "chat template turns into text.\n"
               "JSON: {results[{text, ids}]}.",
       .examples = "  frugal tokenize model.gguf --text 'Hello world'\n"
                   "  frugal tokenize tokenizer.json --file prompts.jsonl --json",
       .define = [](CLI::App& app) -> CommandRun {
         auto options = std::make_shared<Tokenize>();
         app.add_option("MODEL", options->model, "A .gguf file, a tokenizer.json or its folder")->required();
         CLI::Option* text = app.add_option("--text", options->text, "The text")->type_name("TEXT");
         app.add_option("--file", options->file, "Prompts, one JSON object a line")->type_name("LINES.jsonl");
         app.add_flag("--no-special", options->no_special, "Nothing around the text, such as a BOS");
         app.add_flag("--plain", options->plain, "Special tokens written in the text are plain text");
         return [options, text](const Common& common) { return run_tokenize(*options, text->count() > 0, common); };
       }});
}

}  // namespace frugal
