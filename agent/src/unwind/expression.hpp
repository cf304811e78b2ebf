// SPDX-License-Identifier: MIT
// DWARF expressions as call frame tables use them (PLT stubs, signal trampolines, realigned
// stacks).
#pragma once

#include "unwind/memory.hpp"
#include "unwind/registers.hpp"
#include "unwind/row.hpp"

#include <cstdint>
#include <optional>

namespace xgops::unwind {

enum class ExpressionStatus : std::uint8_t {
  kOk = 0,
  kRegisterUnknown,
  kBadMemory,
  kBad,  ///< An operator that call frames do not use, or a broken program.
};

struct ExpressionResult {
  ExpressionStatus status = ExpressionStatus::kBad;
  std::uint64_t value = 0;
};

/// Runs `expression`, with `initial` on the stack when given. Bounded: at most 256 bytes of
/// program, 64 stack entries and 1000 operators.
[[nodiscard]] ExpressionResult evaluate(const ExpressionRef& expression, const Registers& registers,
                                        Memory& memory,
                                        std::optional<std::uint64_t> initial) noexcept;

}  // namespace xgops::unwind
