// SPDX-License-Identifier: MIT
// ASYNC-SIGNAL-SAFE ZONE: see capture_slot.hpp for the rules.
#include "signal_safe/capture_handler.hpp"

#include "signal_safe/capture_slot.hpp"
#include "signal_safe/park_slot.hpp"

#include <asm/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

namespace xgops::signal_safe {

constinit CaptureRequest g_capture;
constinit CaptureRequest g_dump_capture;

namespace {

constexpr std::uint64_t kPageBytes = 4096;

void copy_registers(const ucontext_t& context, CaptureSlot& slot) noexcept {
  constexpr std::array<int, kCapturedRegisters> kDwarfOrder{
      REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
      REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (std::size_t i = 0; i < kCapturedRegisters; ++i) {
    slot.registers[i] = static_cast<std::uint64_t>(context.uc_mcontext.gregs[kDwarfOrder[i]]);
  }
}

/// The address of the thread control block, which glibc puts at the upper end of the stacks it
/// makes (x86-64 psABI: %fs points to it). 0: the thread has none; it was not made by glibc.
std::uint64_t thread_control_block() noexcept {
  std::uint64_t address = 0;
  long result = SYS_arch_prctl;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(long{ARCH_GET_FS}), "S"(&address)
               : "rcx", "r11", "memory");
  return result == 0 ? address : 0;
}

/// One past the last byte above `stack_pointer` that surely stays mapped while this handler runs.
std::uint64_t safe_end(const CaptureRequest& request, const ucontext_t& context,
                       std::uint64_t stack_pointer) noexcept {
  const StackRange* range = request.ranges.load(std::memory_order_acquire);
  const std::size_t count = request.range_count.load(std::memory_order_acquire);
  std::size_t low = 0;
  std::size_t high = count;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (range[middle].end <= stack_pointer) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < count && range[low].main_stack) {
    return range[low].end;
  }
  // A thread's own block, from its stack to its control block, lives as long as the thread. The
  // mapping may go on behind it: that part belongs to others and may vanish at any moment.
  const std::uint64_t control_block = thread_control_block();
  if (low < count && range[low].begin <= stack_pointer && control_block > stack_pointer &&
      control_block <= range[low].end) {
    return control_block;
  }
  const auto alternate = reinterpret_cast<std::uint64_t>(context.uc_stack.ss_sp);
  if (stack_pointer >= alternate && stack_pointer < alternate + context.uc_stack.ss_size) {
    return alternate + context.uc_stack.ss_size;
  }
  return (stack_pointer | (kPageBytes - 1)) + 1;  // A fiber: its own page is certain, no more.
}

void copy_stack(const CaptureRequest& request, const ucontext_t& context,
                CaptureSlot& slot) noexcept {
  const std::uint64_t begin = slot.registers[7];
  if (begin == 0) {
    slot.copied_bytes = 0;
    return;
  }
  std::uint64_t bytes = safe_end(request, context, begin) - begin;
  if (bytes > slot.stack.size()) {
    bytes = slot.stack.size();
  }
  slot.copied_bytes = bytes;
  // Not memcpy: a call may go through a lazily bound PLT entry, whose first use takes the loader's
  // lock.
  const void* from = reinterpret_cast<const void*>(begin);  // NOLINT(performance-no-int-to-ptr)
  void* to = slot.stack.data();
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

}  // namespace

void on_capture_signal(int /*signal*/, siginfo_t* info, void* context) noexcept {
  // errno needs no saving: nothing here can change it.
  if (info->si_code != SI_QUEUE) {
    return;
  }
  const auto value = reinterpret_cast<std::uint64_t>(info->si_value.sival_ptr);
  auto index = static_cast<std::uint32_t>(value);
  const auto generation = static_cast<std::uint32_t>(value >> 32U);
  if (index >= kFirstParkIndex) {
    if (info->si_pid == g_capture.pid.load(std::memory_order_relaxed)) {
      park(generation, index - kFirstParkIndex, context);
    }
    return;
  }
  const bool for_dump = index >= kSlotCount;
  const CaptureRequest& request = for_dump ? g_dump_capture : g_capture;
  index -= for_dump ? std::uint32_t{kSlotCount} : 0;
  if (index >= (for_dump ? kDumpSlotCount : kSlotCount) || request.slots == nullptr ||
      info->si_pid != request.pid.load(std::memory_order_relaxed)) {
    return;
  }
  CaptureSlot& slot = request.slots[index];
  std::uint64_t expected = Ticket::make(generation, SlotState::kRequested);
  if (!slot.ticket.compare_exchange_strong(expected, Ticket::make(generation, SlotState::kWriting),
                                           std::memory_order_acq_rel)) {
    return;  // The agent stopped waiting for this answer.
  }
  const auto& interrupted = *static_cast<const ucontext_t*>(context);
  copy_registers(interrupted, slot);
  copy_stack(request, interrupted, slot);
  slot.ticket.store(Ticket::make(generation, SlotState::kReady), std::memory_order_release);
}

}  // namespace xgops::signal_safe
