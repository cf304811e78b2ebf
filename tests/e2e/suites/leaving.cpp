// SPDX-License-Identifier: MIT
// A program that ends in one of the ways that are rare.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

namespace {

[[noreturn]] void leave_forever() {
  for (;;) {
    ::pause();
  }
}

int stay_forever(void* /*nothing*/) {
  leave_forever();
}

/// Every thread that is made, and every file that is opened, is the end from now on.
bool confine() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  sock_fprog program{5, filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// Waits until the thread with this id is in a report, whose first sign is that it sleeps in it: a
/// running thread becomes "S".
void wait_until_main_sleeps() {
  char state[512] = {};
  do {
    const int file = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const ssize_t got = ::read(file, state, sizeof state - 1);
    state[got < 0 ? 0 : got] = 0;
    ::close(file);
    std::this_thread::yield();
  } while (std::string_view(state).find(") S ") == std::string_view::npos);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view way = count > 1 ? arguments[1] : "";
  static std::atomic<bool> is_ending = false;
  if (way == "thread") {
    std::thread([] { std::exit(0); }).join();
  } else if (way == "twice" || way == "cancelled") {
    std::thread(leave_forever).detach();
    std::thread([way, main = ::pthread_self()] {
      is_ending.wait(false);
      wait_until_main_sleeps();
      if (way == "twice") {
        std::exit(0);
      }
      ::pthread_cancel(main);
      leave_forever();
    }).detach();
    is_ending = true;
    is_ending.notify_all();
    std::exit(0);
  } else if (way == "c11") {
    thrd_t thread{};
    return ::thrd_create(&thread, stay_forever, nullptr) == thrd_success ? 0 : 2;
  } else if (way == "confined") {
    return confine() ? 0 : 2;
  }
  return 2;
}
