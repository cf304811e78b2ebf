// SPDX-License-Identifier: MIT
// The half of the unwinder that finds a frame pointer which the kernel does not show.
#include "unwind/call_site.hpp"
#include "unwind/unwinder.hpp"

namespace xgops::unwind {
namespace {

// A frame larger than this is not searched: 64 KiB of locals in a function that sleeps is rare, and
// the search costs 10 ns a word.
constexpr std::uint64_t kSearchBytes = std::uint64_t{64} * 1024;
// Nothing is mapped below: smaller words are numbers.
constexpr std::uint64_t kLowestAddress = 4096;

}  // namespace

bool Unwinder::calls_function(std::uint64_t return_address, std::uint64_t function,
                              bool& certain) noexcept {
  if (table_.modules().find(return_address - 1) == nullptr) {
    return false;
  }
  const CallSite site = decode_call(memory_, return_address);
  certain = site.kind == CallKind::kDirect;
  if (site.kind == CallKind::kIndirect) {
    return true;
  }
  return site.kind == CallKind::kDirect && site.target == function;
}

bool Unwinder::is_call_outside_modules(std::uint64_t return_address) noexcept {
  return return_address > kLowestAddress && table_.modules().find(return_address - 1) == nullptr &&
         decode_call(memory_, return_address).kind != CallKind::kNone;
}

bool Unwinder::try_frame_pointer(const Row& row, Registers registers, std::uint64_t frame_pointer,
                                 std::span<UnwoundFrame> rest, const WalkState& state,
                                 Walk& outcome) noexcept {
  if (--candidates_left_ < 0) {
    return false;
  }
  registers.set(kRbp, frame_pointer);
  if (apply(row, registers) != Step::kOk) {
    return false;
  }
  WalkState next = state;
  next.exact = row.signal_frame;
  ++next.depth;
  outcome = walk_from(registers, rest, next);
  // Only a chain that leads to the thread's first function (or fills the space) is believed.
  return outcome.end == WalkEnd::kOutermost || outcome.end == WalkEnd::kMaxFrames;
}

bool Unwinder::has_other_call(const Row& row, std::uint64_t slot,
                              std::span<const UnwoundFrame> found) noexcept {
  const std::uint64_t end = slot + kSearchBytes / 4;
  for (slot += 8; slot < end; slot += 8) {
    std::uint64_t word = 0;
    bool certain = false;
    if (!memory_.read_value(slot, word)) {
      return false;
    }
    if (word < kLowestAddress || !calls_function(word, row.function_start, certain) || !certain) {
      continue;
    }
    // A recursive function has several, but these are all in the chain.
    bool in_chain = false;
    for (const UnwoundFrame& frame : found) {
      in_chain = in_chain || frame.instruction_pointer == word;
    }
    if (!in_chain) {
      return true;
    }
  }
  return false;
}

bool Unwinder::search_stack(const Row& row, const Registers& registers,
                            std::span<UnwoundFrame> rest, const WalkState& state,
                            Walk& outcome) noexcept {
  // The saved frame pointer and the return address are neighbours: look for the latter. Two passes:
  // a call of this very function is proof, unless the stack holds another one, which an earlier
  // call may have left in a buffer; an indirect call is only a guess. Guesses are marked as such.
  for (const bool want_certain : {true, false}) {
    for (std::uint64_t offset = 8; offset < kSearchBytes; offset += 8) {
      const std::uint64_t slot = registers.stack_pointer() + offset;
      std::uint64_t word = 0;
      bool certain = false;
      if (!memory_.read_value(slot, word)) {
        break;
      }
      if (word < kLowestAddress || !calls_function(word, row.function_start, certain) ||
          certain != want_certain) {
        continue;
      }
      WalkState next = state;
      next.inferred = state.inferred || !certain;
      if (try_frame_pointer(row, registers, slot - 8, rest, next, outcome)) {
        if (certain && has_other_call(row, slot, rest.first(outcome.frames))) {
          for (UnwoundFrame& frame : rest.first(outcome.frames)) {
            frame.inferred = true;
          }
          outcome.inferred = true;
        }
        return true;
      }
      if (candidates_left_ < 0) {
        return false;
      }
    }
  }
  return false;
}

bool Unwinder::recover(const Row& row, const Registers& registers, std::span<UnwoundFrame> rest,
                       const WalkState& state, Walk& outcome) noexcept {
  const bool standard_frame =
      !row.cfa_is_expression && row.cfa_register == kRbp && row.cfa_offset == 16;
  if (!standard_frame || registers.has(kRbp) || state.depth >= kMaxRecoveries) {
    return false;
  }
  const Prologue prologue = decode_prologue(memory_, row.function_start);
  if (prologue.sets_frame_pointer) {
    const std::uint64_t frame_pointer = registers.stack_pointer() + prologue.frame_bytes;
    std::uint64_t return_address = 0;
    // The prologue says where the return address is, so its call may also be in generated code,
    // which is in no module.
    bool certain = false;
    if (memory_.read_value(frame_pointer + 8, return_address) &&
        (calls_function(return_address, row.function_start, certain) ||
         is_call_outside_modules(return_address)) &&
        try_frame_pointer(row, registers, frame_pointer, rest, state, outcome)) {
      return true;
    }
  }
  return search_stack(row, registers, rest, state, outcome);
}

}  // namespace xgops::unwind
