// SPDX-License-Identifier: MIT
// ASYNC-SIGNAL-SAFE ZONE: see park_slot.hpp for the rules.
#include "signal_safe/park_slot.hpp"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

namespace xgops::signal_safe {

constinit ParkRequest g_park;

namespace {

long system_call(long number, long a, long b, long c, long d) noexcept {
  long result = number;
  // NOLINTNEXTLINE(hicpp-no-assembler)
  asm volatile("mov %4, %%r10\n\tsyscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(d)
               : "rcx", "r11", "r10", "memory");
  return result;
}

std::uint64_t thread_pointer() noexcept {
  std::uint64_t address = 0;
  const long result =
      system_call(SYS_arch_prctl, ARCH_GET_FS, reinterpret_cast<long>(&address), 0, 0);
  return result == 0 ? address : 0;
}

/// The part of the signal frame that has the vector registers: as long as the kernel says.
void find_vector_registers(const ucontext_t& context, ParkSlot& slot) noexcept {
  constexpr std::uint64_t kLegacyBytes = 512;
  constexpr std::uint64_t kMarkOffset = 464;  // struct _fpx_sw_bytes
  constexpr std::uint32_t kMark = 0x46505853;
  constexpr std::uint32_t kMostBytes = 32'768;
  const auto begin = reinterpret_cast<std::uint64_t>(context.uc_mcontext.fpregs);
  slot.vector_begin = begin;
  slot.vector_end = begin;
  if (begin == 0) {
    return;
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): within the signal frame.
  const auto* const words = reinterpret_cast<const std::uint32_t*>(begin + kMarkOffset);
  const bool extended = words[0] == kMark && words[1] > kLegacyBytes && words[1] <= kMostBytes;
  slot.vector_end = begin + (extended ? words[1] : kLegacyBytes);
}

void fill(const ucontext_t& context, ParkSlot& slot) noexcept {
  constexpr std::array<int, kCapturedRegisters> kDwarfOrder{
      REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
      REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (std::size_t i = 0; i < kCapturedRegisters; ++i) {
    slot.registers[i] = static_cast<std::uint64_t>(context.uc_mcontext.gregs[kDwarfOrder[i]]);
  }
  slot.thread_pointer = thread_pointer();
  const bool has_signal_stack = (context.uc_stack.ss_flags & SS_DISABLE) == 0;
  slot.signal_stack =
      has_signal_stack ? reinterpret_cast<std::uint64_t>(context.uc_stack.ss_sp) : 0;
  find_vector_registers(context, slot);
}

bool is_released(std::uint32_t generation) noexcept {
  return static_cast<std::int32_t>(g_park.released.load(std::memory_order_acquire) - generation) >=
         0;
}

/// Until it is released, or nobody seems to think of it any more.
void stand_still(std::uint32_t generation) noexcept {
  const timespec patience{kParkPatienceNs / 1'000'000'000, kParkPatienceNs % 1'000'000'000};
  constexpr int kMostWakes = 256;  // None but for a release and perhaps a debugger.
  for (int i = 0; i < kMostWakes; ++i) {
    const std::uint32_t released = g_park.released.load(std::memory_order_acquire);
    if (is_released(generation)) {
      return;
    }
    const long result = system_call(SYS_futex, reinterpret_cast<long>(&g_park.released),
                                    FUTEX_WAIT | FUTEX_PRIVATE_FLAG, static_cast<long>(released),
                                    reinterpret_cast<long>(&patience));
    if (result != 0 && result != -EAGAIN && result != -EINTR) {
      break;
    }
  }
  if (!is_released(generation)) {
    g_park.overrun.store(generation, std::memory_order_seq_cst);
  }
}

}  // namespace

void park(std::uint32_t generation, std::uint32_t index, const void* context) noexcept {
  if (index >= kMostParked || g_park.slots == nullptr) {
    return;
  }
  ParkSlot& slot = g_park.slots[index];
  // The program's own handlers would run on a thread that counts as standing still. Raw: the kernel
  // knows 64 signals.
  const std::uint64_t all = ~std::uint64_t{0};
  std::uint64_t before = 0;
  const long masked = system_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&all),
                                  reinterpret_cast<long>(&before), sizeof before);
  std::uint64_t expected = Ticket::make(generation, SlotState::kRequested);
  if (masked == 0 &&
      slot.ticket.compare_exchange_strong(expected, Ticket::make(generation, SlotState::kWriting),
                                          std::memory_order_acq_rel)) {
    fill(*static_cast<const ucontext_t*>(context), slot);
    slot.ticket.store(Ticket::make(generation, SlotState::kReady), std::memory_order_release);
    stand_still(generation);
  }
  if (masked == 0) {
    system_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&before), 0, sizeof before);
  }
}

}  // namespace xgops::signal_safe
