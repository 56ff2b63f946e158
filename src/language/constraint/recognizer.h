// Runs a compiled grammar over bytes.
//
// A state is the set of all ways in which the text so far can have been read: each an instruction and a stack of where
// to come back. Stacks share their lower parts; equal stacks and equal states are the same number, and what a byte does
// to a state is computed once. So a state is copied by copying a number, and in the usual run (a string, a list of
// numbers) nothing new is computed at all.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "language/constraint/grammar.h"

namespace frugal {

class Recognizer {
 public:
  using State = std::uint32_t;
  static constexpr State kDead = 0;  // no text goes on from here

  explicit Recognizer(GrammarProgram program);

  State start() const { return start_; }
  // Error where the grammar is so ambiguous that states grow beyond a limit.
  State step(State state, unsigned char byte) { return row(state)[byte]; }
  State run(State state, std::string_view bytes);
  bool accepts(State state) const { return states_[state].accepts; }  // the text may end here
  bool can_continue(State state) const { return !states_[state].ways.empty(); }
  std::size_t states() const { return states_.size(); }

  // Where each byte leads.
  const std::array<State, 256>& row(State state);
  // The bytes that lead back to the state itself.
  const std::bitset<256>& loops(State state);

 private:
  struct Way {
    std::uint32_t at, stack;
    auto operator<=>(const Way&) const = default;
  };
  struct StateData {
    std::vector<Way> ways;  // sorted
    bool accepts = false;
    std::unique_ptr<std::array<State, 256>> row;
    std::bitset<256> loops;
  };
  struct Frame {
    std::uint32_t back, below;
  };

  std::uint32_t push(std::uint32_t back, std::uint32_t below);
  void close(Way way, std::vector<Way>& ways, bool& accepts);
  State intern(std::vector<Way> ways, bool accepts);

  GrammarProgram program_;
  std::vector<Frame> frames_;  // stacks as a tree; 0 is the empty one
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> frame_numbers_;
  std::vector<StateData> states_;
  std::map<std::pair<std::vector<Way>, bool>, State> state_numbers_;
  State start_ = kDead;
};

}  // namespace frugal
