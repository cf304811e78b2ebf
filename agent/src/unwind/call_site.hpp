// SPDX-License-Identifier: MIT
// Looks at the call instruction before a return address: which function did it call?
#pragma once

#include "unwind/call_frame_table.hpp"
#include "unwind/memory.hpp"

#include <cstdint>

namespace xgops::unwind {

enum class CallKind : std::uint8_t {
  kNone = 0,  ///< No call instruction ends here.
  kDirect,    ///< `target` is the function called, looked up through a PLT stub when there is one.
  kIndirect,  ///< Through a register or memory: the target is not in the code.
};

struct CallSite {
  CallKind kind = CallKind::kNone;
  std::uint64_t target = 0;
};

/// Decodes the instruction that ends at `return_address`. Calls through the global offset table
/// (`call *slot(%rip)`, PLT stubs) count as direct: the slot tells the target, once bound.
[[nodiscard]] CallSite decode_call(Memory& memory, std::uint64_t return_address) noexcept;

/// How far a function's prologue has moved the stack pointer below the frame pointer it set up.
struct Prologue {
  bool sets_frame_pointer = false;
  std::uint64_t frame_bytes = 0;  ///< rbp - rsp after the prologue.
};

/// Decodes `push %rbp; mov %rsp,%rbp; {push reg}; sub $n,%rsp` at `function_start`.
[[nodiscard]] Prologue decode_prologue(Memory& memory, std::uint64_t function_start) noexcept;

}  // namespace xgops::unwind
