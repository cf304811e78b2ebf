// SPDX-License-Identifier: MIT
#include "unwind/call_site.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace xgops::unwind {
namespace {

constexpr int kMaxJumps = 3;

std::int32_t read_displacement(const std::uint8_t* bytes) noexcept {
  std::int32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

std::uint64_t displaced(std::uint64_t base, std::int32_t distance) noexcept {
  return base + static_cast<std::uint64_t>(std::int64_t{distance});
}

/// Follows `jmp` stubs: PLT entries (`[endbr64] [bnd] jmp *slot(%rip)`) and thunks (`jmp target`).
std::uint64_t follow_stubs(Memory& memory, std::uint64_t target) noexcept {
  for (int jump = 0; jump < kMaxJumps; ++jump) {
    std::array<std::uint8_t, 16> code{};
    if (!memory.read_value(target, code)) {
      return target;
    }
    std::size_t at = 0;
    constexpr std::array<std::uint8_t, 4> kEndbr64{0xf3, 0x0f, 0x1e, 0xfa};
    if (std::memcmp(code.data(), kEndbr64.data(), kEndbr64.size()) == 0) {
      at = kEndbr64.size();
    }
    if (code[at] == 0xf2) {  // bnd
      ++at;
    }
    if (code[at] == 0xff && code[at + 1] == 0x25) {  // jmp *slot(%rip)
      const std::uint64_t slot = displaced(target + at + 6, read_displacement(&code[at + 2]));
      std::uint64_t bound = 0;
      return memory.read_value(slot, bound) ? bound : target;
    }
    if (code[at] != 0xe9) {
      return target;
    }
    target = displaced(target + at + 5, read_displacement(&code[at + 1]));
  }
  return target;
}

/// Whether the last bytes before a return address are `call *operand` in one of its lengths
/// (opcode ff /2, Intel SDM volume 2, "CALL").
bool ends_with_indirect_call(const std::array<std::uint8_t, 8>& code) noexcept {
  const auto opcode_at = [&code](std::size_t distance, unsigned mod) {
    const std::uint8_t* at = &code[code.size() - distance];
    return at[0] == 0xff && (at[1] & 0xf8U) == (mod << 6U | 2U << 3U);
  };
  const auto has_sib = [&code](std::size_t distance) {
    return (code[code.size() - distance + 1] & 0x07U) == 4;
  };
  return opcode_at(2, 3) || (opcode_at(2, 0) && !has_sib(2)) || (opcode_at(3, 0) && has_sib(3)) ||
         (opcode_at(3, 1) && !has_sib(3)) || (opcode_at(4, 1) && has_sib(4)) ||
         (opcode_at(6, 2) && !has_sib(6)) || (opcode_at(7, 2) && has_sib(7)) || opcode_at(6, 0);
}

}  // namespace

CallSite decode_call(Memory& memory, std::uint64_t return_address) noexcept {
  std::array<std::uint8_t, 8> code{};
  if (return_address < 4096 || !memory.read_value(return_address - code.size(), code)) {
    return {};
  }
  if (code[3] == 0xe8) {  // call rel32
    const std::uint64_t target = displaced(return_address, read_displacement(&code[4]));
    return {CallKind::kDirect, follow_stubs(memory, target)};
  }
  if (code[2] == 0xff && code[3] == 0x15) {  // call *slot(%rip)
    const std::uint64_t slot = displaced(return_address, read_displacement(&code[4]));
    std::uint64_t bound = 0;
    return memory.read_value(slot, bound) ? CallSite{CallKind::kDirect, bound}
                                          : CallSite{CallKind::kIndirect, 0};
  }
  return {ends_with_indirect_call(code) ? CallKind::kIndirect : CallKind::kNone, 0};
}

Prologue decode_prologue(Memory& memory, std::uint64_t function_start) noexcept {
  std::array<std::uint8_t, 48> code{};
  if (!memory.read_value(function_start, code)) {
    return {};
  }
  std::size_t at = code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e ? 4 : 0;
  if (code[at] != 0x55) {  // push %rbp
    return {};
  }
  ++at;
  Prologue prologue;
  while (at + 8 < code.size()) {
    const std::uint8_t* next = &code[at];
    if (next[0] == 0x48 && next[1] == 0x89 && next[2] == 0xe5) {  // mov %rsp,%rbp
      prologue.sets_frame_pointer = true;
      at += 3;
    } else if (next[0] == 0x41 && next[1] >= 0x54 && next[1] <= 0x57) {  // push %r12 .. %r15
      prologue.frame_bytes += prologue.sets_frame_pointer ? 8 : 0;
      at += 2;
    } else if (next[0] == 0x53) {  // push %rbx
      prologue.frame_bytes += prologue.sets_frame_pointer ? 8 : 0;
      at += 1;
    } else if (next[0] == 0x48 && (next[1] == 0x83 || next[1] == 0x81) && next[2] == 0xec) {
      // sub $n,%rsp ends every prologue of this form.
      const std::int64_t bytes = next[1] == 0x83 ? std::int64_t{static_cast<std::int8_t>(next[3])}
                                                 : std::int64_t{read_displacement(&next[3])};
      prologue.frame_bytes += static_cast<std::uint64_t>(bytes);
      return prologue;
    } else {
      break;
    }
  }
  return prologue;
}

}  // namespace xgops::unwind
