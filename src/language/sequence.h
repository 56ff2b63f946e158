// A text under way: what the scheduler knows of a request.
#pragma once

#include <optional>
#include <utility>

#include "language/scheduler.h"
#include "language/tokenizer.h"

namespace frugal {

struct Scheduler::Sequence {
  Sequence(int number, GenerateRequest r, std::int64_t vocabulary, const Tokenizer* tokenizer)
      : id(number),
        request(std::move(r)),
        tokens(request.prompt),
        sampler(request.sampling, vocabulary),
        stop(request.stop) {
    if (tokenizer) decoder.emplace(*tokenizer);
    if (request.constraint) grammar = request.constraint->start();
  }

  std::size_t generated() const { return tokens.size() - request.prompt.size(); }
  // The last token of a prompt is fed as a decoding row, with the drafts that follow it.
  bool prompt_read() const { return ended || prompt_fed + 1 >= request.prompt.size(); }

  int id;
  GenerateRequest request;
  std::vector<std::int32_t> tokens;  // prompt and generated; the last has no cell yet while decoding
  Sampler sampler;
  StopStrings stop;
  std::optional<StreamDecoder> decoder;
  Constraint::State grammar{};
  GenerateResult result;
  Acceptance acceptance{0.9};
  int cache = -1;
  std::size_t prompt_fed = 0;  // tokens of the prompt that have cells; the last one is fed as a decoding row
  int cell = 0;                // where the next row is written
  bool ended = false, cancelled = false;
  // Of the step at hand.
  std::vector<std::int32_t> drafts;
  int sureness = 0;              // of the drafter
  std::size_t first_wanted = 0;  // place of its first row among those whose logits are wanted
  int fed = 0, taken = 0;        // rows, and those that are kept
};

}  // namespace frugal
