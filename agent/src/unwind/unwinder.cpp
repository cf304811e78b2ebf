// SPDX-License-Identifier: MIT
#include "unwind/unwinder.hpp"

#include "unwind/expression.hpp"

namespace xgops::unwind {
namespace {

constexpr std::array<std::uint8_t, 6> kSavedRegisters{kRbx, kRbp, kR12, 13, 14, kR15};

/// Two thirds of all addresses differ only in the low bits: spread them (Fibonacci hashing).
std::size_t cache_slot(std::uint64_t address, std::size_t slots) noexcept {
  return static_cast<std::size_t>((address * 0x9e3779b97f4a7c15ULL) >> 40U) % slots;
}

WalkEnd end_of(RowStatus status) noexcept {
  switch (status) {
    case RowStatus::kNoModule:
      return WalkEnd::kNoModule;
    case RowStatus::kNoUnwindInfo:
      return WalkEnd::kNoUnwindInfo;
    default:
      return WalkEnd::kBadUnwindInfo;
  }
}

}  // namespace

void Unwinder::set_modules(ModuleTable modules) noexcept {
  table_.set_modules(modules);
  cache_.fill(CachedRow{});
}

bool Unwinder::compact(const Row& row, std::uint64_t address, CachedRow& cached) noexcept {
  const Rule& return_rule = row.rules[kReturnAddress];
  if (row.cfa_is_expression || row.signal_frame ||
      (row.cfa_register != kRsp && row.cfa_register != kRbp) ||
      return_rule.kind != RuleKind::kAtCfaOffset || return_rule.offset != -8 ||
      row.rules[kRsp].kind != RuleKind::kSameValue ||
      row.cfa_offset != std::int32_t(row.cfa_offset)) {
    return false;
  }
  for (std::size_t i = 0; i < kSavedRegisters.size(); ++i) {
    const Rule& rule = row.rules[kSavedRegisters[i]];
    const std::int64_t words = rule.offset / 8;
    if (rule.kind == RuleKind::kAtCfaOffset && rule.offset % 8 == 0 && words < 0 &&
        words > -30000) {
      cached.saved[i] = static_cast<std::int16_t>(words);
    } else if (rule.kind == RuleKind::kSameValue) {
      cached.saved[i] = 0;
    } else {
      return false;
    }
  }
  cached.address = address;
  cached.function_start = row.function_start;
  cached.cfa_register = row.cfa_register;
  cached.cfa_offset = static_cast<std::int32_t>(row.cfa_offset);
  return true;
}

void Unwinder::expand(const CachedRow& cached, Row& row) noexcept {
  row = Row{};
  row.cfa_register = cached.cfa_register;
  row.cfa_offset = cached.cfa_offset;
  row.function_start = cached.function_start;
  row.rules[kReturnAddress].kind = RuleKind::kAtCfaOffset;
  row.rules[kReturnAddress].offset = -8;
  for (std::size_t i = 0; i < kSavedRegisters.size(); ++i) {
    if (cached.saved[i] != 0) {
      row.rules[kSavedRegisters[i]].kind = RuleKind::kAtCfaOffset;
      row.rules[kSavedRegisters[i]].offset = std::int64_t{cached.saved[i]} * 8;
    }
  }
}

RowStatus Unwinder::find_row(std::uint64_t address, Row& row) noexcept {
  CachedRow& cached = cache_[cache_slot(address, cache_.size())];
  if (cached.address == address) {
    expand(cached, row);
    return RowStatus::kOk;
  }
  const RowStatus status = table_.find(address, row);
  CachedRow fresh;
  if (status == RowStatus::kOk && compact(row, address, fresh)) {
    cached = fresh;
  }
  return status;
}

bool Unwinder::compute_cfa(const Row& row, const Registers& registers, std::uint64_t& cfa,
                           Step& why) noexcept {
  if (!row.cfa_is_expression) {
    if (row.cfa_register >= kRegisterCount || !registers.has(row.cfa_register)) {
      why = Step::kRegisterUnknown;
      return false;
    }
    cfa = registers.get(row.cfa_register) + static_cast<std::uint64_t>(row.cfa_offset);
    return true;
  }
  const ExpressionResult result = evaluate(row.cfa_expression, registers, memory_, std::nullopt);
  cfa = result.value;
  switch (result.status) {
    case ExpressionStatus::kOk:
      return true;
    case ExpressionStatus::kRegisterUnknown:
      why = Step::kRegisterUnknown;
      return false;
    case ExpressionStatus::kBadMemory:
      why = Step::kBadMemory;
      return false;
    case ExpressionStatus::kBad:
      break;
  }
  why = Step::kBadUnwindInfo;
  return false;
}

Unwinder::Step Unwinder::restore_register(const Rule& rule, std::size_t number, std::uint64_t cfa,
                                          const Registers& from, Registers& to) noexcept {
  std::uint64_t value = 0;
  switch (rule.kind) {
    case RuleKind::kSameValue:
      if (is_callee_saved(number) && from.has(number)) {
        to.set(number, from.get(number));
      }
      return Step::kOk;
    case RuleKind::kUndefined:
      return number == kReturnAddress ? Step::kOutermost : Step::kOk;
    case RuleKind::kAtCfaOffset:
      if (!memory_.read_value(cfa + static_cast<std::uint64_t>(rule.offset), value)) {
        return Step::kBadMemory;
      }
      break;
    case RuleKind::kCfaOffset:
      value = cfa + static_cast<std::uint64_t>(rule.offset);
      break;
    case RuleKind::kInRegister:
      if (!from.has(rule.in_register)) {
        return Step::kRegisterUnknown;
      }
      value = from.get(rule.in_register);
      break;
    case RuleKind::kAtExpression:
    case RuleKind::kExpression: {
      const ExpressionResult result = evaluate(rule.expression, from, memory_, cfa);
      if (result.status != ExpressionStatus::kOk) {
        return result.status == ExpressionStatus::kRegisterUnknown ? Step::kRegisterUnknown
                                                                   : Step::kBadMemory;
      }
      value = result.value;
      if (rule.kind == RuleKind::kAtExpression && !memory_.read_value(result.value, value)) {
        return Step::kBadMemory;
      }
      break;
    }
  }
  to.set(number, value);
  return Step::kOk;
}

Unwinder::Step Unwinder::apply(const Row& row, Registers& registers) noexcept {
  std::uint64_t cfa = 0;
  Step why = Step::kOk;
  if (!compute_cfa(row, registers, cfa, why)) {
    return why;
  }
  Registers caller;
  for (std::size_t number = 0; number < kRegisterCount; ++number) {
    const Step step = restore_register(row.rules[number], number, cfa, registers, caller);
    // Only the return address must be there; any other register may stay unknown.
    if (number == kReturnAddress && step != Step::kOk) {
      return step;
    }
  }
  if (row.rules[kRsp].kind == RuleKind::kSameValue) {
    caller.set(kRsp, cfa);
  }
  if (!caller.has(kReturnAddress) || caller.instruction_pointer() == 0) {
    return Step::kOutermost;
  }
  if (!caller.has(kRsp) || (caller.stack_pointer() == registers.stack_pointer() &&
                            caller.instruction_pointer() == registers.instruction_pointer())) {
    return Step::kBadUnwindInfo;  // A frame that is its own caller would go on for ever.
  }
  registers = caller;
  return Step::kOk;
}

bool Unwinder::follow_frame_pointer(Registers& registers) noexcept {
  // Generated code and hand-written assembly: by convention [rbp] links frames.
  std::array<std::uint64_t, 2> link{};
  if (!registers.has(kRbp)) {
    return false;
  }
  const std::uint64_t frame_pointer = registers.get(kRbp);
  if (frame_pointer < registers.stack_pointer() || frame_pointer % 8 != 0 ||
      !memory_.read_value(frame_pointer, link) || link[1] < 4096) {
    return false;
  }
  Registers caller;
  caller.set(kRbp, link[0]);
  caller.set(kRsp, frame_pointer + 16);
  caller.set(kReturnAddress, link[1]);
  registers = caller;
  return true;
}

bool Unwinder::leave_null_call(Registers& registers) noexcept {
  // A call through a bad pointer: nothing was pushed but the return address.
  std::uint64_t return_address = 0;
  if (!memory_.read_value(registers.stack_pointer(), return_address) ||
      table_.modules().find(return_address - 1) == nullptr) {
    return false;
  }
  registers.set(kReturnAddress, return_address);
  registers.set(kRsp, registers.stack_pointer() + 8);
  return true;
}

Walk Unwinder::walk(Registers registers, std::span<UnwoundFrame> frames) noexcept {
  candidates_left_ = kMaxCandidates;
  return walk_from(registers, frames, WalkState{});
}

Walk Unwinder::walk_from(Registers registers, std::span<UnwoundFrame> frames,
                         WalkState state) noexcept {
  Walk walk;
  const auto finish = [&walk](WalkEnd end) {
    walk.end = end;
    return walk;
  };
  while (walk.frames < frames.size()) {
    const std::uint64_t pointer = registers.instruction_pointer();
    UnwoundFrame& frame = frames[walk.frames++];
    frame = {pointer, registers.stack_pointer(), 0, state.exact, state.inferred};
    walk.inferred = walk.inferred || state.inferred;

    Row row;
    const RowStatus status = find_row(pointer - (state.exact ? 0 : 1), row);
    if (status != RowStatus::kOk) {
      const bool innermost = state.depth == 0 && walk.frames == 1;
      if (status == RowStatus::kNoModule && innermost && leave_null_call(registers)) {
        state.exact = false;
      } else if (status != RowStatus::kBadUnwindInfo && follow_frame_pointer(registers)) {
        state.exact = false;
        state.inferred = true;
      } else {
        return finish(end_of(status));
      }
      continue;
    }
    frame.function_start = row.function_start;
    switch (apply(row, registers)) {
      case Step::kOk:
        state.exact = row.signal_frame;
        break;
      case Step::kOutermost:
        return finish(WalkEnd::kOutermost);
      case Step::kBadMemory:
        return finish(WalkEnd::kBadMemory);
      case Step::kBadUnwindInfo:
        return finish(WalkEnd::kBadUnwindInfo);
      case Step::kRegisterUnknown: {
        Walk rest;
        if (!recover(row, registers, frames.subspan(walk.frames), state, rest)) {
          return finish(WalkEnd::kRegisterUnknown);
        }
        walk.frames += rest.frames;
        walk.inferred = walk.inferred || rest.inferred;
        return finish(rest.end);
      }
    }
  }
  return finish(WalkEnd::kMaxFrames);
}

const char* why_incomplete(WalkEnd end) noexcept {
  switch (end) {
    case WalkEnd::kOutermost:
    case WalkEnd::kMaxFrames:
      return "";
    case WalkEnd::kNoModule:
      return "outer frames missing: code that is in no file";
    case WalkEnd::kNoUnwindInfo:
      return "outer frames missing: code without unwind information";
    case WalkEnd::kRegisterUnknown:
      return "outer frames missing: they need a register that the kernel does not show";
    case WalkEnd::kBadMemory:
      return "outer frames missing: stack memory is not readable";
    case WalkEnd::kBadUnwindInfo:
      return "outer frames missing: damaged unwind information";
  }
  return "";
}

}  // namespace xgops::unwind
