// SPDX-License-Identifier: MIT
// One row of a call frame table: how to find the caller's registers at one instruction.
#pragma once

#include "unwind/registers.hpp"

#include <array>
#include <cstdint>

namespace xgops::unwind {

/// A DWARF expression somewhere in the target's memory.
struct ExpressionRef {
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;
};

enum class RuleKind : std::uint8_t {
  kSameValue = 0,
  kUndefined,
  kAtCfaOffset,  ///< Saved at CFA + offset.
  kCfaOffset,    ///< Is CFA + offset.
  kInRegister,
  kAtExpression,  ///< Saved at the address that the expression yields.
  kExpression,    ///< Is what the expression yields.
};

struct Rule {
  RuleKind kind = RuleKind::kSameValue;
  std::uint8_t in_register = 0;
  std::int64_t offset = 0;
  ExpressionRef expression;
};

struct Row {
  bool cfa_is_expression = false;
  bool signal_frame = false;  ///< Augmentation 'S': the caller was interrupted, not calling.
  std::uint8_t cfa_register = 0;
  std::int64_t cfa_offset = 0;
  ExpressionRef cfa_expression;
  std::array<Rule, kRegisterCount> rules{};
  std::uint64_t function_start = 0;
};

enum class RowStatus : std::uint8_t {
  kOk = 0,
  kNoModule,      ///< The address is in no known ELF file: generated code, or a stray pointer.
  kNoUnwindInfo,  ///< The file says nothing about this address.
  kBadUnwindInfo,
};

}  // namespace xgops::unwind
