// SPDX-License-Identifier: MIT
// BARE THREAD ZONE: see the header.
#include "threads/bare_thread.hpp"

#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>

namespace xgops::threads {
namespace {

long call(long number, long first = 0, long second = 0, long third = 0, long fourth = 0) noexcept {
  long result = number;
  register long r10 asm("r10") = fourth;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(first), "S"(second), "d"(third), "r"(r10)
               : "rcx", "r11", "memory");
  return result;
}

template <class T>
long word_of(T* pointer) noexcept {
  return reinterpret_cast<long>(pointer);
}

std::int64_t clock_ns(int clock) noexcept {
  timespec time{};
  call(SYS_clock_gettime, clock, word_of(&time));
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

constexpr std::uint32_t kNoCpu = ~std::uint32_t{0};

std::uint32_t current_cpu() noexcept {
  unsigned cpu = 0;
  return call(SYS_getcpu, word_of(&cpu)) == 0 ? cpu : kNoCpu;  // A seccomp filter may refuse.
}

/// Reads both clocks of this thread, whose `sched` file that is. Where something came between them
/// it tries again, a few times. Cost: 12 us.
void read_clocks(int sched_file, ClockReading& reading) noexcept {
  for (int i = 0; i < kClockReadings; ++i) {
    reading.cpu = current_cpu();
    reading.before_ns = clock_ns(CLOCK_MONOTONIC);
    // Brings the scheduler's record of this thread up to date, which else is as old as the last
    // timer tick.
    clock_ns(CLOCK_THREAD_CPUTIME_ID);
    const long bytes = call(SYS_pread64, sched_file, word_of(reading.text.data()),
                            static_cast<long>(reading.text.size()), 0);
    reading.after_ns = clock_ns(CLOCK_MONOTONIC);
    reading.moved = reading.cpu == kNoCpu || current_cpu() != reading.cpu;
    reading.text_bytes = bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    if (bytes <= 0 || reading.is_undisturbed()) {
      return;
    }
  }
}

int serve(ClockVisits* visits) noexcept {
  for (std::uint32_t served = 0;;) {
    const std::uint32_t order = visits->order.load();
    if (order == ClockVisits::kLeave) {
      return 0;
    }
    if (order == served) {
      call(SYS_futex, word_of(&visits->order), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, long{served}, 0);
      continue;
    }
    read_clocks(visits->sched_file, visits->reading);
    served = order;
    visits->answer.store(order);
    wake(visits->answer);
  }
}

}  // namespace

void wake(std::atomic<std::uint32_t>& word) noexcept {
  call(SYS_futex, word_of(&word), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX);
}

long start_visiting_thread(ClockVisits& visits) noexcept {
  constexpr long kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                          CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  auto** const stack = reinterpret_cast<void**>(visits.stack.data() + visits.stack.size()) - 2;
  stack[0] = reinterpret_cast<void*>(&serve);
  stack[1] = &visits;
  long result = SYS_clone;
  register long child_tid asm("r10") = word_of(&visits.living);
  register long thread_locals asm("r8") = 0;
  // Not by clone() of the C library, which ThreadSanitizer wraps.
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "pop %%rax\n\t"
      "pop %%rdi\n\t"
      "call *%%rax\n\t"
      "mov %%eax, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "+a"(result)
      : "D"(kFlags), "S"(stack), "d"(&visits.living), "r"(child_tid),
        "r"(thread_locals), [exit] "i"(SYS_exit)
      : "rcx", "r11", "memory", "cc");
  return result;
}

}  // namespace xgops::threads
