// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/handler.hpp"

#include "dump/system.hpp"

#include <errno.h>
#include <linux/futex.h>
#include <ucontext.h>

/// Calls `work(argument)` on the stack that ends at `top`. `resume_stack` gets what is needed to
/// come back from anywhere in it: with rbx = `resume_stack`, at `dump_abandon`. 1: it
/// returned; 0: it was abandoned.
extern "C" [[gnu::visibility("hidden")]] int dump_call_on_stack(
    void* top, void (*work)(void*), void* argument, std::uint64_t* resume_stack) noexcept;
extern "C" [[gnu::visibility("hidden")]] void dump_abandon() noexcept;

// A function of its own in assembly: no compiler keeps a frame across a change of stacks.
asm(R"(
.pushsection .text.dump_call_on_stack, "ax", @progbits
.globl dump_call_on_stack
.hidden dump_call_on_stack
.type dump_call_on_stack, @function
dump_call_on_stack:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  pushq %rcx
  .cfi_offset %rbx, -24
  movq %rsp, (%rcx)
  movq %rcx, %rbx
  movq %rdi, %rsp
  andq $-16, %rsp
  movq %rdx, %rdi
  call *%rsi
  movq (%rbx), %rsp
  movl $1, %eax
.Ldump_leave:
  popq %rcx
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  .cfi_def_cfa %rsp, 8
  ret
.globl dump_abandon
.hidden dump_abandon
.type dump_abandon, @function
dump_abandon:
  .cfi_def_cfa %rbp, 16
  movq (%rbx), %rsp
  leaq 48(%rsp), %rbp
  xorl %eax, %eax
  jmp .Ldump_leave
  .cfi_endproc
.size dump_call_on_stack, .-dump_call_on_stack
.globl dump_return_from_signal
.hidden dump_return_from_signal
.type dump_return_from_signal, @function
dump_return_from_signal:
  movq $15, %rax  # rt_sigreturn, with the bytes by which debuggers know a signal's frame.
  syscall
.size dump_return_from_signal, .-dump_return_from_signal
.popsection
)");

namespace xgops::dump {

constinit Dumps g_dumps;

namespace {

/// Longer than any dump takes: a thread that gave up would end the process in the middle of one.
constexpr std::int64_t kTurnPatienceNs = Workspace::kPatienceNs + 5'000'000'000;
constexpr long kSignalSetBytes = 8;

std::uint64_t this_thread() noexcept {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(own_pid())) << 32U |
         static_cast<std::uint32_t>(own_tid());
}

bool is_owner() noexcept {
  return g_dumps.owner.load(std::memory_order_acquire) == own_pid();
}

unwind::Registers registers_of(const ucontext_t& context) noexcept {
  constexpr std::array<int, unwind::kRegisterCount> kDwarfOrder{
      REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
      REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  unwind::Registers registers;
  for (std::size_t i = 0; i < kDwarfOrder.size(); ++i) {
    registers.set(i, static_cast<std::uint64_t>(context.uc_mcontext.gregs[kDwarfOrder[i]]));
  }
  return registers;
}

void fill(Fault& fault, int signal, const siginfo_t& info, const ucontext_t& context) noexcept {
  fault.registers = registers_of(context);
  fault.signal = signal;
  fault.code = info.si_code;
  // A union: which member counts depends on the code.
  fault.sender = info.si_code <= 0 ? info.si_pid : 0;
  fault.address = info.si_code > 0 ? reinterpret_cast<std::uint64_t>(info.si_addr) : 0;
  fault.tid.store(own_tid(), std::memory_order_release);
}

/// Waits for the turn to write. False: it never came, or the crash of this process was written
/// meanwhile.
bool take_turn(bool is_crash) noexcept {
  const std::uint64_t mine = this_thread();
  const auto pid = static_cast<std::int32_t>(mine >> 32U);
  const std::int64_t until = now_ns() + kTurnPatienceNs;
  for (;;) {
    const std::uint32_t ended = g_dumps.ended.load(std::memory_order_acquire);
    std::uint64_t writer = g_dumps.writer.load(std::memory_order_acquire);
    const bool is_free = writer == 0 || writer >> 32U != mine >> 32U;  // Or of a fork's parent.
    if (is_free) {
      if (!g_dumps.writer.compare_exchange_strong(writer, mine, std::memory_order_acq_rel)) {
        continue;
      }
      if (is_crash && g_dumps.crashed_pid.load(std::memory_order_acquire) == pid) {
        g_dumps.writer.store(0, std::memory_order_release);
        return false;
      }
      return true;
    }
    const std::int64_t left = until - now_ns();
    if (!is_crash || left <= 0) {
      return false;
    }
    const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    call(SYS_futex, &g_dumps.ended, FUTEX_WAIT_PRIVATE, ended, &timeout);
  }
}

void end_turn() noexcept {
  g_dumps.writer.store(0, std::memory_order_release);
  g_dumps.ended.fetch_add(1, std::memory_order_acq_rel);
  call(SYS_futex, &g_dumps.ended, FUTEX_WAKE_PRIVATE, 0x7fffffff);
}

struct Job {
  Workspace* workspace;
  const Occasion* occasion;
};

void work(void* argument) noexcept {
  // From here on we are not on the alternate stack: without this, a crash of our own would be
  // delivered at its top, over the frame to which we must return. That return puts it back.
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  call(SYS_sigaltstack, &none, nullptr);
  const auto& job = *static_cast<const Job*>(argument);
  job.workspace->write(*job.occasion);
}

void write_on_own_stack(Workspace& workspace, const Occasion& occasion) noexcept {
  Job job{&workspace, &occasion};
  dump_call_on_stack(g_dumps.stack.data() + g_dumps.stack.size(), &work, &job,
                     &g_dumps.resume_stack);
}

/// The writing of a dump crashed: it ends here, and the signal that it was written for goes on.
void abandon_dump(ucontext_t& context) noexcept {
  auto& registers = context.uc_mcontext.gregs;
  registers[REG_RBX] = reinterpret_cast<greg_t>(&g_dumps.resume_stack);
  registers[REG_RIP] = reinterpret_cast<greg_t>(&dump_abandon);
}

/// Whether the instruction at which the thread was interrupted causes the signal again.
bool comes_again(int signal, const siginfo_t& info) noexcept {
  constexpr int kMemoryErrorElsewhere = 5;  // BUS_MCEERR_AO
  return info.si_code > 0 && signal != SIGABRT &&
         !(signal == SIGBUS && info.si_code == kMemoryErrorElsewhere);
}

/// Leaves the signal to those who would have got it without us: with the handlers of before in
/// place, it happens once more when we return, with the same registers and details.
void hand_on(int signal, siginfo_t& info) noexcept {
  restore_crash_actions();
  if (comes_again(signal, info)) {
    return;
  }
  // Blocked until our return restores the mask: delivered there, not in here.
  std::uint64_t set = std::uint64_t{1} << static_cast<unsigned>(signal - 1);
  call(SYS_rt_sigprocmask, SIG_BLOCK, &set, nullptr, kSignalSetBytes);
  const std::int32_t pid = own_pid();
  const std::int32_t tid = own_tid();
  if (call(SYS_rt_tgsigqueueinfo, pid, tid, signal, &info) != 0) {
    call(SYS_tgkill, pid, tid, signal);
  }
}

}  // namespace

bool set_action(int signal, const KernelAction* action, KernelAction* before) noexcept {
  return call(SYS_rt_sigaction, signal, action, before, kSignalSetBytes) == 0;
}

KernelAction action_in_front_of(const KernelAction& behind) noexcept {
  constexpr std::uint64_t kRestorer = 0x04000000;  // SA_RESTORER
  // All but what the handlers themselves may cause: that ends the dump and not the process.
  std::uint64_t mask = ~std::uint64_t{0};
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    mask &= ~(std::uint64_t{1} << static_cast<unsigned>(signal - 1));
  }
  return {reinterpret_cast<std::uint64_t>(&on_crash_signal),
          static_cast<std::uint64_t>(SA_SIGINFO | SA_ONSTACK | SA_NODEFER) | kRestorer |
              (behind.flags & SA_RESTART),
          g_dumps.restorer, mask};
}

bool is_crash_handler(const KernelAction& action) noexcept {
  return action.handler == reinterpret_cast<std::uint64_t>(&on_crash_signal);
}

void restore_crash_actions() noexcept {
  if (is_owner()) {
    g_dumps.watches_crashes.store(false);
  }
  for (std::size_t i = 0; i < kCrashSignals.size(); ++i) {
    KernelAction now;
    if (!set_action(kCrashSignals[i], nullptr, &now) || !is_crash_handler(now)) {
      continue;
    }
    // The program may be setting another one.
    const ActionCell& cell = g_dumps.before[i];
    std::uint32_t version = 0;
    do {
      version = cell.version();
      const KernelAction before = cell.get();
      static_cast<void>(set_action(kCrashSignals[i], &before, nullptr));
    } while (cell.version() != version);
  }
}

void on_crash_signal(int signal, siginfo_t* info, void* context) noexcept {
  auto& interrupted = *static_cast<ucontext_t*>(context);
  if (g_dumps.writer.load(std::memory_order_acquire) == this_thread()) {
    abandon_dump(interrupted);
    return;
  }
  if (!is_owner()) {
    hand_on(signal, *info);
    return;
  }
  Workspace* const workspace = g_dumps.workspace.load(std::memory_order_acquire);
  const std::uint32_t index = g_dumps.fault_count.fetch_add(1, std::memory_order_acq_rel);
  Fault local;
  Fault& fault = index < g_dumps.faults.size() ? g_dumps.faults[index] : local;
  fill(fault, signal, *info, interrupted);
  if (workspace != nullptr && take_turn(true)) {
    Occasion occasion;
    occasion.is_crash = true;
    occasion.tid = own_tid();
    occasion.fault = &fault;
    occasion.others = g_dumps.faults;
    occasion.agent_tid = g_dumps.agent_tid.load(std::memory_order_relaxed);
    write_on_own_stack(*workspace, occasion);
    g_dumps.crashed_pid.store(own_pid(), std::memory_order_release);
    end_turn();
  }
  hand_on(signal, *info);
}

void on_request_signal(int signal, siginfo_t* info, void* context) noexcept {
  Workspace* const workspace = g_dumps.workspace.load(std::memory_order_acquire);
  if (workspace != nullptr && is_owner() && take_turn(false)) {
    Fault fault;
    fill(fault, signal, *info, *static_cast<const ucontext_t*>(context));
    Occasion occasion;
    occasion.tid = own_tid();
    occasion.fault = &fault;
    occasion.agent_tid = g_dumps.agent_tid.load(std::memory_order_relaxed);
    write_on_own_stack(*workspace, occasion);
    end_turn();
  }
  const KernelAction& before = g_dumps.before_request;
  if (before.handler == KernelAction::kDefault || before.handler == KernelAction::kIgnore) {
    return;  // What asks for a dump does nothing else.
  }
  if ((before.flags & SA_SIGINFO) != 0) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): so the kernel has it.
    reinterpret_cast<void (*)(int, siginfo_t*, void*)>(before.handler)(signal, info, context);
  } else {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    reinterpret_cast<void (*)(int)>(before.handler)(signal);
  }
}

}  // namespace xgops::dump
