// frugal chat: a conversation with a language model.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/language_options.h"
#include "cli/output.h"
#include "language/chat_template.h"

namespace frugal {
namespace {

struct Chat {
  LanguageOptions language;
  std::string system;
  int max_tokens = 1024;
};

constexpr const char* kHelp =
    "Write a message and press Enter. /clear begins anew, /quit or the end of input leaves, Ctrl-C stops an answer.\n";

class Conversation {
 public:
  Conversation(const Chat& options, const Common& common)
      : options_(options), opened_(open_language_model(options.language, common)) {
    const Tokenizer& tokenizer = tokenizer_of(opened_, options.language);
    template_.emplace(tokenizer);
    scheduler_.emplace(*opened_.runner, &tokenizer, opened_.language.ends,
                       make_drafter(options.language, common, opened_), scheduler_options(options.language, opened_));
    constraint_ = make_constraint(options.language, tokenizer);
    clear();
  }
  ~Conversation() { kept_->drop(opened_.runner->cache()); }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void clear() {
    messages_ = Json::array();
    if (!options_.system.empty()) messages_.push_back({{"role", "system"}, {"content", options_.system}});
  }

  // Prints the answer as it comes.
  void answer(const std::string& message) {
    messages_.push_back({{"role", "user"}, {"content", message}});
    GenerateRequest request;
    request.prompt = opened_.language.tokenizer->encode(template_->apply(messages_), {.add_special = false});
    request.max_tokens = options_.max_tokens;
    request.sampling = options_.language.sampling;
    request.kept = kept_;
    request.constraint = constraint_;
    request.on_token = [](const Generated& g) {
      std::fwrite(g.text.data(), 1, g.text.size(), stdout);
      std::fflush(stdout);
    };
    int id = 0;
    try {
      id = scheduler_->add(std::move(request));
    } catch (const Error&) {
      messages_.erase(messages_.size() - 1);  // it stays unsaid
      throw;
    }
    while (scheduler_->step())
      if (take_interrupt()) scheduler_->cancel(id);
    take_interrupt();  // one that came with the last word meant the answer
    const GenerateResult result = scheduler_->take(id);
    print("\n");
    messages_.push_back({{"role", "assistant"}, {"content", result.text}});
  }

 private:
  const Chat& options_;
  OpenedLanguageModel opened_;
  std::optional<ChatTemplate> template_;
  std::optional<Scheduler> scheduler_;
  std::shared_ptr<Constraint> constraint_;
  std::shared_ptr<KeptText> kept_ = std::make_shared<KeptText>();
  Json messages_;
};

// Lines of standard input. The end of input, and a signal, end them.
class Lines {
 public:
  bool next(std::string& line) {
    size_t end = 0;
    while ((end = text_.find('\n')) == std::string::npos) {
      char more[4096];
      const ssize_t got = wait_for_input(STDIN_FILENO) ? read(STDIN_FILENO, more, sizeof more) : -1;
      if (got < 0 || (got == 0 && text_.empty())) return false;
      if (got == 0) text_ += '\n';  // the last line has no end of its own
      text_.append(more, got);
    }
    line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return true;
  }

 private:
  std::string text_;
};

int run_chat(const Chat& options, const Common& common) {
  if (common.json) fail_usage("chat has no --json; frugal generate --prompts has");
  Chat chosen = options;
  chosen.language.sampling = chosen.language.drawing(common.seed);
  Conversation conversation(chosen, common);
  const bool terminal = isatty(STDIN_FILENO) != 0;
  if (terminal && !common.quiet) fmt::print(stderr, "{}", kHelp);
  Lines lines;
  std::string line;
  while (true) {
    if (terminal) fmt::print(stderr, "> ");
    if (!lines.next(line)) break;
    if (line.empty()) continue;
    if (line == "/quit") return 0;
    if (line == "/clear") {
      conversation.clear();
    } else if (line == "/help") {
      fmt::print(stderr, "{}", kHelp);
    } else {
      try {
        conversation.answer(line);
      } catch (const Error& error) {
        if (!terminal) throw;
        fmt::print(stderr, "{}\n", error.what());
      }
    }
  }
  if (terminal) fmt::print(stderr, "\n");
  return interrupted() ? interrupt_exit_code() : 0;
}

}  // namespace

FRUGAL_COMMAND(chat) {
  commands.add({.name = "chat",
                .summary = "Talk with a language model",
                .help = "A conversation on the terminal; what was said stays in the model's view until its context is "
                        "full. A line is a\n"
                        "message. Ctrl-C stops an answer, at the prompt it leaves.",
                .examples = "  frugal chat model.gguf\n"
                            "  frugal chat model.gguf --system 'Answer in one sentence.' --temperature 0.7",
                .define = [](CLI::App& app) -> CommandRun {
                  auto options = std::make_shared<Chat>();
                  options->language.add_model(app);
                  app.add_option("--system", options->system, "What the model is told beforehand")->type_name("TEXT");
                  add_number(app, "--max-tokens", options->max_tokens, 1, 1 << 24,
                             "Tokens of an answer at most (default: 1024)");
                  options->language.add_sampling(app);
                  options->language.add_drafter(app);
                  return [options](const Common& common) { return run_chat(*options, common); };
                }});
}

}  // namespace frugal
