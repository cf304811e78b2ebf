// SPDX-License-Identifier: MIT
// The registers that an unwinder follows on x86-64, and which of them are known.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace xgops::unwind {

/// DWARF register numbers of the System V x86-64 psABI, figure 3.36.
enum RegisterNumber : std::uint8_t {
  kRax = 0,
  kRdx = 1,
  kRcx = 2,
  kRbx = 3,
  kRsi = 4,
  kRdi = 5,
  kRbp = 6,
  kRsp = 7,
  kR8 = 8,
  kR9 = 9,
  kR10 = 10,
  kR11 = 11,
  kR12 = 12,
  kR15 = 15,
  kReturnAddress = 16,
};
inline constexpr std::size_t kRegisterCount = 17;

/// Register values of one frame. A thread asleep in a system call shows only its stack and
/// instruction pointer, so each value says whether it is known.
class Registers {
 public:
  [[nodiscard]] bool has(std::size_t number) const noexcept {
    return ((known_ >> number) & 1U) != 0;
  }
  [[nodiscard]] std::uint64_t get(std::size_t number) const noexcept { return values_[number]; }
  void set(std::size_t number, std::uint64_t value) noexcept {
    values_[number] = value;
    known_ |= 1U << number;
  }

  [[nodiscard]] std::uint64_t instruction_pointer() const noexcept {
    return values_[kReturnAddress];
  }
  [[nodiscard]] std::uint64_t stack_pointer() const noexcept { return values_[kRsp]; }

 private:
  std::array<std::uint64_t, kRegisterCount> values_{};
  std::uint32_t known_ = 0;
};

/// Whether a called function must leave this register as it found it (rbx, rbp, r12 to r15).
[[nodiscard]] constexpr bool is_callee_saved(std::size_t number) noexcept {
  return number == kRbx || number == kRbp || (number >= kR12 && number <= kR15);
}

}  // namespace xgops::unwind
