// SPDX-License-Identifier: MIT
#include "unwind/call_frame_program.hpp"

#include "unwind/pointer_encoding.hpp"

namespace xgops::unwind {
namespace {

// DW_CFA_* values, DWARF 5 section 7.24.
enum Instruction : std::uint8_t {
  kNop = 0x00,
  kSetLoc = 0x01,
  kAdvance1 = 0x02,
  kAdvance2 = 0x03,
  kAdvance4 = 0x04,
  kOffsetExtended = 0x05,
  kRestoreExtended = 0x06,
  kUndefined = 0x07,
  kSameValue = 0x08,
  kRegister = 0x09,
  kRememberState = 0x0a,
  kRestoreState = 0x0b,
  kDefCfa = 0x0c,
  kDefCfaRegister = 0x0d,
  kDefCfaOffset = 0x0e,
  kDefCfaExpression = 0x0f,
  kExpression = 0x10,
  kOffsetExtendedSf = 0x11,
  kDefCfaSf = 0x12,
  kDefCfaOffsetSf = 0x13,
  kValOffset = 0x14,
  kValOffsetSf = 0x15,
  kValExpression = 0x16,
  kGnuArgsSize = 0x2e,
  kGnuNegativeOffsetExtended = 0x2f,
};

ExpressionRef read_block(Cursor& code) noexcept {
  const std::uint64_t bytes = code.uleb128();
  const ExpressionRef block{code.address(), static_cast<std::uint32_t>(bytes)};
  code.skip(bytes);
  return block;
}

}  // namespace

bool CallFrameProgram::run(Cursor code, std::uint64_t location, const Row* initial) noexcept {
  location_ = location;
  while (!code.at_end() && location_ <= address_) {
    if (!step(code, initial)) {
      return false;
    }
  }
  return code.ok();
}

bool CallFrameProgram::step(Cursor& code, const Row* initial) noexcept {
  const std::uint8_t op = code.byte();
  const std::uint8_t operand = op & 0x3fU;
  // An instruction that advances beyond the address must leave the row alone; run() then stops.
  switch (op >> 6U) {
    case 1:
      advance(operand);
      return true;
    case 2: {
      Rule rule;
      rule.kind = RuleKind::kAtCfaOffset;
      rule.offset = factored(code.uleb128());
      set_rule(operand, rule);
      return true;
    }
    case 3:
      restore(operand, initial);
      return true;
    default:
      return extended(code, op, initial);
  }
}

bool CallFrameProgram::extended(Cursor& code, std::uint8_t op, const Row* initial) noexcept {
  switch (op) {
    case kNop:
      return true;
    case kSetLoc:
      location_ = read_pointer(code, factors_.pointer_encoding, 0);
      return code.ok();
    case kAdvance1:
      advance(code.byte());
      return true;
    case kAdvance2:
      advance(code.fixed<std::uint16_t>());
      return true;
    case kAdvance4:
      advance(code.fixed<std::uint32_t>());
      return true;
    case kRememberState:
      if (remembered_count_ == kRememberedRows) {
        return false;
      }
      remembered_[remembered_count_++] = row_;
      return true;
    case kRestoreState: {
      if (remembered_count_ == 0) {
        return false;
      }
      row_ = remembered_[--remembered_count_];
      return true;
    }
    case kGnuArgsSize:
      code.uleb128();
      return true;
    default:
      return define_cfa(code, op) || register_rule(code, op, initial);
  }
}

bool CallFrameProgram::define_cfa(Cursor& code, std::uint8_t op) noexcept {
  const auto set_register = [this](std::uint64_t number) {
    row_.cfa_is_expression = false;
    // Out of range stays out of range: stepping then fails with "register unknown".
    row_.cfa_register =
        static_cast<std::uint8_t>(number < kRegisterCount ? number : kRegisterCount);
  };
  switch (op) {
    case kDefCfa:
      set_register(code.uleb128());
      row_.cfa_offset = static_cast<std::int64_t>(code.uleb128());
      return true;
    case kDefCfaSf:
      set_register(code.uleb128());
      row_.cfa_offset = factored(static_cast<std::uint64_t>(code.sleb128()));
      return true;
    case kDefCfaRegister:
      set_register(code.uleb128());
      return true;
    case kDefCfaOffset:
      row_.cfa_offset = static_cast<std::int64_t>(code.uleb128());
      return true;
    case kDefCfaOffsetSf:
      row_.cfa_offset = factored(static_cast<std::uint64_t>(code.sleb128()));
      return true;
    case kDefCfaExpression:
      row_.cfa_is_expression = true;
      row_.cfa_expression = read_block(code);
      return true;
    default:
      return false;
  }
}

bool CallFrameProgram::register_rule(Cursor& code, std::uint8_t op, const Row* initial) noexcept {
  if (op == kRestoreExtended) {
    restore(code.uleb128(), initial);
    return true;
  }
  Rule rule;
  std::uint64_t number = 0;
  switch (op) {
    case kUndefined:
    case kSameValue:
      number = code.uleb128();
      rule.kind = op == kUndefined ? RuleKind::kUndefined : RuleKind::kSameValue;
      break;
    case kOffsetExtended:
    case kValOffset:
      number = code.uleb128();
      rule.kind = op == kOffsetExtended ? RuleKind::kAtCfaOffset : RuleKind::kCfaOffset;
      rule.offset = factored(code.uleb128());
      break;
    case kOffsetExtendedSf:
    case kValOffsetSf:
      number = code.uleb128();
      rule.kind = op == kOffsetExtendedSf ? RuleKind::kAtCfaOffset : RuleKind::kCfaOffset;
      rule.offset = factored(static_cast<std::uint64_t>(code.sleb128()));
      break;
    case kGnuNegativeOffsetExtended:
      number = code.uleb128();
      rule.kind = RuleKind::kAtCfaOffset;
      rule.offset = factored(std::uint64_t{0} - code.uleb128());
      break;
    case kRegister: {
      number = code.uleb128();
      const std::uint64_t source = code.uleb128();
      rule.kind = source < kRegisterCount ? RuleKind::kInRegister : RuleKind::kUndefined;
      rule.in_register = static_cast<std::uint8_t>(source < kRegisterCount ? source : 0);
      break;
    }
    case kExpression:
    case kValExpression:
      number = code.uleb128();
      rule.kind = op == kExpression ? RuleKind::kAtExpression : RuleKind::kExpression;
      rule.expression = read_block(code);
      break;
    default:
      return false;
  }
  set_rule(number, rule);
  return true;
}

std::int64_t CallFrameProgram::factored(std::uint64_t offset) const noexcept {
  // Unsigned, so that a damaged operand wraps around instead of overflowing.
  return static_cast<std::int64_t>(offset * static_cast<std::uint64_t>(factors_.data_alignment));
}

void CallFrameProgram::set_rule(std::uint64_t number, const Rule& rule) noexcept {
  if (number < kRegisterCount) {  // Vector registers have numbers too; no frame depends on them.
    row_.rules[number] = rule;
  }
}

void CallFrameProgram::restore(std::uint64_t number, const Row* initial) noexcept {
  if (number < kRegisterCount) {
    row_.rules[number] = initial != nullptr ? initial->rules[number] : Rule{};
  }
}

}  // namespace xgops::unwind
