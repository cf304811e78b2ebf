// SPDX-License-Identifier: MIT
// Runs a program under a filter as a service may have it: what only debuggers call kills.
#include "support.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int, char** arguments) {
  constexpr std::array<std::uint32_t, 4> kDeadly{SYS_pidfd_getfd, SYS_sched_setaffinity, SYS_ptrace,
                                                 SYS_perf_event_open};
  constexpr auto kCount = static_cast<std::uint8_t>(kDeadly.size());
  std::array<sock_filter, kDeadly.size() + 3> program{};
  program[0] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (std::uint8_t i = 0; i < kCount; ++i) {
    const auto to_the_last = static_cast<std::uint8_t>(kCount - i);
    program[i + 1U] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kDeadly[i], to_the_last, 0);
  }
  program[kCount + 1U] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  program[kCount + 2U] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  target::check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  target::check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "PR_SET_SECCOMP");
  ::execvp(arguments[1], arguments + 1);
  target::check(-1, "exec");
}
