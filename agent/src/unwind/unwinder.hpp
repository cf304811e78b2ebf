// SPDX-License-Identifier: MIT
// Walks a stack from registers, of which only stack and instruction pointer need to be known.
#pragma once

#include "unwind/call_frame_table.hpp"
#include "unwind/memory.hpp"
#include "unwind/registers.hpp"
#include "unwind/row.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::unwind {

struct UnwoundFrame {
  std::uint64_t instruction_pointer = 0;
  std::uint64_t stack_pointer = 0;
  std::uint64_t function_start = 0;  ///< 0: not known.
  bool exact_pointer = false;        ///< Not a return address.
  bool inferred = false;             ///< The way here was guessed, not computed.
};

enum class WalkEnd : std::uint8_t {
  kOutermost = 0,  ///< The thread's first function: the stack is complete.
  kMaxFrames,
  kNoModule,  ///< Code in no known file, and no frame pointer to go on with.
  kNoUnwindInfo,
  kRegisterUnknown,  ///< A register that the kernel does not show is needed and could not be
                     ///< recovered.
  kBadMemory,
  kBadUnwindInfo,
};

/// What a reader of the stack should know, for example "outer frames missing: damaged unwind
/// information"; "": nothing is missing but what was not asked for.
[[nodiscard]] const char* why_incomplete(WalkEnd end) noexcept;

struct Walk {
  std::size_t frames = 0;
  WalkEnd end = WalkEnd::kOutermost;
  bool inferred = false;  ///< At least one frame is.
};

/// Walks stacks and remembers the rows it met, which makes all but the first walk cheap.
///
/// Where the frame pointer is needed but not known (a thread asleep in the kernel shows only two
/// registers), it is recovered: from the function's prologue, else by searching the stack for a
/// return address whose call instruction calls this very function; either counts only when the walk
/// from there reaches the thread's first function.
///
/// Thread safety: none. No heap, no locks. Cost: 0.1 us a frame when the row is remembered, else
/// 2-6 us.
class Unwinder {
 public:
  explicit Unwinder(Memory& memory) noexcept : memory_(memory), table_(memory) {}

  /// Use `modules` from now on and forget remembered rows.
  void set_modules(ModuleTable modules) noexcept;

  /// Walks from `registers`, innermost frame first, until `frames` is full or the stack ends.
  Walk walk(Registers registers, std::span<UnwoundFrame> frames) noexcept;

  [[nodiscard]] CallFrameTable& table() noexcept { return table_; }
  [[nodiscard]] Memory& memory() noexcept { return memory_; }

 private:
  struct CachedRow;
  enum class Step : std::uint8_t {
    kOk,
    kOutermost,
    kRegisterUnknown,
    kBadMemory,
    kBadUnwindInfo,
  };
  struct WalkState {
    bool exact = true;
    bool inferred = false;
    int depth = 0;  ///< Nested attempts at recovery.
  };

  Walk walk_from(Registers registers, std::span<UnwoundFrame> frames, WalkState state) noexcept;
  RowStatus find_row(std::uint64_t address, Row& row) noexcept;
  Step apply(const Row& row, Registers& registers) noexcept;
  Step restore_register(const Rule& rule, std::size_t number, std::uint64_t cfa,
                        const Registers& from, Registers& to) noexcept;
  bool compute_cfa(const Row& row, const Registers& registers, std::uint64_t& cfa,
                   Step& why) noexcept;
  bool follow_frame_pointer(Registers& registers) noexcept;
  bool leave_null_call(Registers& registers) noexcept;
  bool recover(const Row& row, const Registers& registers, std::span<UnwoundFrame> rest,
               const WalkState& state, Walk& outcome) noexcept;
  bool try_frame_pointer(const Row& row, Registers registers, std::uint64_t frame_pointer,
                         std::span<UnwoundFrame> rest, const WalkState& state,
                         Walk& outcome) noexcept;
  /// Whether beyond `slot` there is another return address of a call of this function, one that is
  /// not in `found`.
  bool has_other_call(const Row& row, std::uint64_t slot,
                      std::span<const UnwoundFrame> found) noexcept;
  bool search_stack(const Row& row, const Registers& registers, std::span<UnwoundFrame> rest,
                    const WalkState& state, Walk& outcome) noexcept;
  [[nodiscard]] bool calls_function(std::uint64_t return_address, std::uint64_t function,
                                    bool& certain) noexcept;
  [[nodiscard]] bool is_call_outside_modules(std::uint64_t return_address) noexcept;

  /// A row in the form that nearly all have: CFA from rsp or rbp, return address below it.
  struct CachedRow {
    std::uint64_t address = 0;
    std::uint64_t function_start = 0;
    std::int32_t cfa_offset = 0;
    std::uint8_t cfa_register = 0;
    std::array<std::int16_t, 6> saved{};  ///< rbx rbp r12-r15, in words from the CFA; 0: unchanged.
  };
  static constexpr std::size_t kCacheRows =
      2048;  // 96 KiB; distinct pcs in a capture: tens to hundreds.
  static constexpr int kMaxRecoveries = 12;
  static constexpr int kMaxCandidates = 256;

  static bool compact(const Row& row, std::uint64_t address, CachedRow& cached) noexcept;
  static void expand(const CachedRow& cached, Row& row) noexcept;

  Memory& memory_;
  CallFrameTable table_;
  std::array<CachedRow, kCacheRows> cache_{};
  int candidates_left_ = 0;
};

}  // namespace xgops::unwind
