// SPDX-License-Identifier: MIT
#include "unwind/expression.hpp"

#include "unwind/cursor.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace xgops::unwind {
namespace {

constexpr std::size_t kMaxProgramBytes = 256;
constexpr std::size_t kStackEntries = 64;
constexpr int kMaxOperators = 1000;

// DW_OP_* values, DWARF 5 section 7.7.1.
enum Operator : std::uint8_t {
  kAddr = 0x03,
  kDeref = 0x06,
  kConst1u = 0x08,
  kConst1s = 0x09,
  kConst2u = 0x0a,
  kConst2s = 0x0b,
  kConst4u = 0x0c,
  kConst4s = 0x0d,
  kConst8u = 0x0e,
  kConst8s = 0x0f,
  kConstu = 0x10,
  kConsts = 0x11,
  kDup = 0x12,
  kDrop = 0x13,
  kOver = 0x14,
  kPick = 0x15,
  kSwap = 0x16,
  kRot = 0x17,
  kAbs = 0x19,
  kAnd = 0x1a,
  kMinus = 0x1c,
  kMul = 0x1e,
  kNeg = 0x1f,
  kNot = 0x20,
  kOr = 0x21,
  kPlus = 0x22,
  kPlusUconst = 0x23,
  kShl = 0x24,
  kShr = 0x25,
  kShra = 0x26,
  kXor = 0x27,
  kBra = 0x28,
  kEq = 0x29,
  kGe = 0x2a,
  kGt = 0x2b,
  kLe = 0x2c,
  kLt = 0x2d,
  kNe = 0x2e,
  kSkip = 0x2f,
  kLit0 = 0x30,
  kLit31 = 0x4f,
  kBreg0 = 0x70,
  kBreg31 = 0x8f,
  kBregx = 0x92,
  kDerefSize = 0x94,
  kNop = 0x96,
};

class Machine {
 public:
  Machine(Cursor program, const Registers& registers, Memory& memory) noexcept
      : program_(program), registers_(registers), memory_(memory) {}

  void push(std::uint64_t value) noexcept {
    if (depth_ == kStackEntries) {
      fail(ExpressionStatus::kBad);
      return;
    }
    stack_[depth_++] = value;
  }

  ExpressionResult run() noexcept {
    for (int count = 0; !program_.at_end() && status_ == ExpressionStatus::kOk; ++count) {
      if (count == kMaxOperators) {
        return {ExpressionStatus::kBad, 0};
      }
      step(program_.byte());
    }
    if (status_ == ExpressionStatus::kOk && (!program_.ok() || depth_ == 0)) {
      return {ExpressionStatus::kBad, 0};
    }
    return {status_, depth_ == 0 ? 0 : stack_[depth_ - 1]};
  }

 private:
  void fail(ExpressionStatus status) noexcept {
    if (status_ == ExpressionStatus::kOk) {
      status_ = status;
    }
  }

  std::uint64_t pop() noexcept {
    if (depth_ == 0) {
      fail(ExpressionStatus::kBad);
      return 0;
    }
    return stack_[--depth_];
  }

  void push_register(std::uint64_t number, std::int64_t offset) noexcept {
    if (number >= kRegisterCount || !registers_.has(number)) {
      fail(ExpressionStatus::kRegisterUnknown);
      return;
    }
    push(registers_.get(number) + static_cast<std::uint64_t>(offset));
  }

  void dereference(std::size_t bytes) noexcept {
    std::uint64_t value = 0;
    if (bytes == 0 || bytes > sizeof(value)) {
      fail(ExpressionStatus::kBad);
    } else if (memory_.read(pop(), &value, bytes)) {
      push(value);
    } else {
      fail(ExpressionStatus::kBadMemory);
    }
  }

  void pick(std::size_t index) noexcept {
    if (index >= depth_) {
      fail(ExpressionStatus::kBad);
      return;
    }
    push(stack_[depth_ - 1 - index]);
  }

  void rotate() noexcept {
    const std::uint64_t a = pop();
    const std::uint64_t b = pop();
    const std::uint64_t c = pop();
    push(a);
    push(c);
    push(b);
  }

  void step(std::uint8_t op) noexcept {
    if (op >= kLit0 && op <= kLit31) {
      push(static_cast<std::uint64_t>(op - kLit0));
    } else if (op >= kBreg0 && op <= kBreg31) {
      push_register(static_cast<std::uint64_t>(op - kBreg0), program_.sleb128());
    } else if (!constant(op) && !stack_operator(op) && !unary(op)) {
      binary(op);
    }
  }

  bool constant(std::uint8_t op) noexcept {
    const auto push_signed = [this](std::int64_t value) {
      push(static_cast<std::uint64_t>(value));
    };
    switch (op) {
      case kAddr:
      case kConst8u:
      case kConst8s:
        push(program_.fixed<std::uint64_t>());
        return true;
      case kConst1u:
        push(program_.byte());
        return true;
      case kConst1s:
        push_signed(program_.fixed<std::int8_t>());
        return true;
      case kConst2u:
        push(program_.fixed<std::uint16_t>());
        return true;
      case kConst2s:
        push_signed(program_.fixed<std::int16_t>());
        return true;
      case kConst4u:
        push(program_.fixed<std::uint32_t>());
        return true;
      case kConst4s:
        push_signed(program_.fixed<std::int32_t>());
        return true;
      case kConstu:
        push(program_.uleb128());
        return true;
      case kConsts:
        push_signed(program_.sleb128());
        return true;
      case kBregx: {
        const std::uint64_t number = program_.uleb128();
        push_register(number, program_.sleb128());
        return true;
      }
      default:
        return false;
    }
  }

  bool stack_operator(std::uint8_t op) noexcept {
    switch (op) {
      case kDup:
        pick(0);
        return true;
      case kDrop:
        pop();
        return true;
      case kOver:
        pick(1);
        return true;
      case kPick:
        pick(program_.byte());
        return true;
      case kSwap: {
        const std::uint64_t top = pop();
        const std::uint64_t next = pop();
        push(top);
        push(next);
        return true;
      }
      case kRot:
        rotate();
        return true;
      case kNop:
        return true;
      case kSkip: {
        const auto distance = program_.fixed<std::int16_t>();
        program_.jump(distance);
        return true;
      }
      case kBra: {
        const auto distance = program_.fixed<std::int16_t>();
        if (pop() != 0) {
          program_.jump(distance);
        }
        return true;
      }
      default:
        return false;
    }
  }

  bool unary(std::uint8_t op) noexcept {
    switch (op) {
      case kDeref:
        dereference(sizeof(std::uint64_t));
        return true;
      case kDerefSize:
        dereference(program_.byte());
        return true;
      case kNeg:
        push(std::uint64_t{0} - pop());
        return true;
      case kNot:
        push(~pop());
        return true;
      case kAbs: {
        const std::uint64_t value = pop();
        push(static_cast<std::int64_t>(value) < 0 ? std::uint64_t{0} - value : value);
        return true;
      }
      case kPlusUconst: {
        const std::uint64_t addend = program_.uleb128();
        push(pop() + addend);
        return true;
      }
      default:
        return false;
    }
  }

  void binary(std::uint8_t op) noexcept {
    const std::uint64_t right = pop();
    const std::uint64_t left = pop();
    const auto signed_left = static_cast<std::int64_t>(left);
    const auto signed_right = static_cast<std::int64_t>(right);
    const auto bit = [](bool value) { return value ? std::uint64_t{1} : std::uint64_t{0}; };
    switch (op) {
      case kAnd:
        push(left & right);
        break;
      case kMinus:
        push(left - right);
        break;
      case kMul:
        push(left * right);
        break;
      case kOr:
        push(left | right);
        break;
      case kPlus:
        push(left + right);
        break;
      case kShl:
        push(right < 64 ? left << right : 0);
        break;
      case kShr:
        push(right < 64 ? left >> right : 0);
        break;
      case kShra:
        push(static_cast<std::uint64_t>(signed_left >> (right < 64 ? right : 63)));
        break;
      case kXor:
        push(left ^ right);
        break;
      case kEq:
        push(bit(left == right));
        break;
      case kNe:
        push(bit(left != right));
        break;
      case kGe:
        push(bit(signed_left >= signed_right));
        break;
      case kGt:
        push(bit(signed_left > signed_right));
        break;
      case kLe:
        push(bit(signed_left <= signed_right));
        break;
      case kLt:
        push(bit(signed_left < signed_right));
        break;
      default:
        fail(ExpressionStatus::kBad);
        break;
    }
  }

  Cursor program_;
  const Registers& registers_;
  Memory& memory_;
  std::array<std::uint64_t, kStackEntries> stack_{};
  std::size_t depth_ = 0;
  ExpressionStatus status_ = ExpressionStatus::kOk;
};

}  // namespace

ExpressionResult evaluate(const ExpressionRef& expression, const Registers& registers,
                          Memory& memory, std::optional<std::uint64_t> initial) noexcept {
  std::array<std::uint8_t, kMaxProgramBytes> program{};
  if (expression.bytes == 0 || expression.bytes > program.size()) {
    return {ExpressionStatus::kBad, 0};
  }
  if (!memory.read(expression.address, program.data(), expression.bytes)) {
    return {ExpressionStatus::kBadMemory, 0};
  }
  const std::span<const std::uint8_t> code(program.data(), expression.bytes);
  Machine machine(Cursor(code, expression.address), registers, memory);
  if (initial) {
    machine.push(*initial);
  }
  return machine.run();
}

}  // namespace xgops::unwind
