#include "language/constraint/recognizer.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace frugal {
namespace {

using Kind = GrammarProgram::Instruction::Kind;
constexpr std::size_t kMaxStates = 100'000;  // with a row each: 100 MB
constexpr std::size_t kMaxFrames = 2'000'000;
constexpr std::size_t kMaxWays = 10'000;  // of reading one text

}  // namespace

Recognizer::Recognizer(GrammarProgram program) : program_(std::move(program)), frames_(1) {
  intern({}, false);  // kDead
  std::vector<Way> ways;
  bool accepts = false;
  close({program_.start, 0}, ways, accepts);
  start_ = intern(std::move(ways), accepts);
}

std::uint32_t Recognizer::push(std::uint32_t back, std::uint32_t below) {
  if (program_.code[back].kind == Kind::back) return below;  // a call at the end of a rule needs no frame
  auto [found, is_new] = frame_numbers_.emplace(std::pair(back, below), static_cast<std::uint32_t>(frames_.size()));
  if (is_new) {
    require(frames_.size() < kMaxFrames, "the text is nested too deeply for its grammar");
    frames_.push_back({back, below});
  }
  return found->second;
}

// Follows everything that reads no byte.
void Recognizer::close(Way way, std::vector<Way>& ways, bool& accepts) {
  std::set<Way> seen;
  std::vector<Way> open{way};
  while (!open.empty()) {
    const Way one = open.back();
    open.pop_back();
    if (!seen.insert(one).second) continue;
    require(seen.size() <= kMaxWays, "the grammar can read a text in more than {} ways at once; make it less ambiguous",
            kMaxWays);
    const auto& code = program_.code[one.at];
    switch (code.kind) {
      case Kind::bytes: ways.push_back(one); break;
      case Kind::split:
        open.push_back({code.next, one.stack});
        open.push_back({code.other, one.stack});
        break;
      case Kind::call: open.push_back({code.other, push(code.next, one.stack)}); break;
      case Kind::back:
        if (one.stack == 0)
          accepts = true;
        else
          open.push_back({frames_[one.stack].back, frames_[one.stack].below});
        break;
    }
  }
}

Recognizer::State Recognizer::intern(std::vector<Way> ways, bool accepts) {
  std::sort(ways.begin(), ways.end());
  ways.erase(std::unique(ways.begin(), ways.end()), ways.end());
  require(ways.size() <= kMaxWays, "the grammar can read a text in more than {} ways at once; make it less ambiguous",
          kMaxWays);
  auto [found, is_new] =
      state_numbers_.emplace(std::pair(std::move(ways), accepts), static_cast<State>(states_.size()));
  if (is_new) {
    require(states_.size() < kMaxStates, "the text needs more than {} states of its grammar", kMaxStates);
    states_.push_back({found->first.first, accepts, nullptr, {}});
  }
  return found->second;
}

const std::array<Recognizer::State, 256>& Recognizer::row(State state) {
  if (states_[state].row) return *states_[state].row;
  auto row = std::make_unique<std::array<State, 256>>();
  row->fill(kDead);
  // Bytes between two borders of the ranges do the same.
  const std::vector<Way> ways = states_[state].ways;
  std::bitset<257> borders;
  for (const Way& way : ways) borders[program_.code[way.at].low] = borders[program_.code[way.at].high + 1u] = true;
  State same = kDead;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (borders[byte]) {
      std::vector<Way> next;
      bool accepts = false;
      for (const Way& way : ways) {
        const auto& code = program_.code[way.at];
        if (code.low <= byte && byte <= code.high) close({code.next, way.stack}, next, accepts);
      }
      same = next.empty() && !accepts ? kDead : intern(std::move(next), accepts);
    }
    (*row)[byte] = same;
  }
  StateData& data = states_[state];  // interning may have moved it
  for (unsigned byte = 0; byte < 256; ++byte) data.loops[byte] = state != kDead && (*row)[byte] == state;
  data.row = std::move(row);
  return *data.row;
}

const std::bitset<256>& Recognizer::loops(State state) {
  row(state);
  return states_[state].loops;
}

Recognizer::State Recognizer::run(State state, std::string_view bytes) {
  for (char c : bytes) {
    if (state == kDead) break;
    state = step(state, static_cast<unsigned char>(c));
  }
  return state;
}

}  // namespace frugal
