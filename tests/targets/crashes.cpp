// SPDX-License-Identifier: MIT
// A program with a few threads that crashes in the way that its argument names.
#include "crashes.hpp"

#include <array>
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define XGOPS_NOINLINE __attribute__((noinline, noclone))

namespace {

std::atomic<int> g_zero{0};
std::mutex g_mutex;

XGOPS_NOINLINE void write_to_null() {
  *reinterpret_cast<volatile int*>(static_cast<long>(g_zero.load()) + 16) = 1;
}

XGOPS_NOINLINE void divide_by_zero() {
  // A division that nobody needs would be left out, one of 1 done without dividing.
  [[maybe_unused]] static volatile int result = 4711;
  result = result / g_zero.load();
}

XGOPS_NOINLINE void run_illegal_instruction() {
  __builtin_trap();
}

XGOPS_NOINLINE void call_abort() {
  std::abort();
}

XGOPS_NOINLINE void throw_what_nobody_catches() noexcept {
  throw std::runtime_error("nobody catches this");
}

XGOPS_NOINLINE void read_past_the_end_of_a_file() {
  const int file = ::memfd_create("short", 0);
  check(::ftruncate(file, 4096), "ftruncate");
  auto* const pages =
      static_cast<volatile char*>(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0));
  check(::ftruncate(file, 0), "ftruncate");
  static_cast<void>(pages[0]);
}

/// The allocator notices in malloc, while it holds its lock.
XGOPS_NOINLINE void damage_the_heap() {
  // Not known to the compiler, which warns or leaves it out; so large that it is the last block of
  // the heap, and ends where the size of what is left of it stands.
  volatile std::size_t bytes = 60'008;
  auto* const block = static_cast<volatile char*>(std::malloc(bytes));
  for (std::size_t i = 0; i < 8; ++i) {
    block[bytes + i] = '\xff';
  }
  void* volatile more = std::malloc(bytes);
  std::free(more);
}

XGOPS_NOINLINE int recurse_for_ever(volatile char* outer) {
  volatile char frame[512];
  frame[0] = *outer;
  return recurse_for_ever(frame) + frame[1];
}

XGOPS_NOINLINE void overflow_the_stack() {
  volatile char first = 0;
  recurse_for_ever(&first);
}

XGOPS_NOINLINE void load_a_plugin_that_crashes() {
  ::dlopen(XGOPS_TARGET_CRASH_PLUGIN, RTLD_NOW);
}

XGOPS_NOINLINE void crash_in_handler(int /*signal*/) {
  write_to_null();
}

XGOPS_NOINLINE void crash_on_an_alternate_stack() {
  static std::array<char, std::size_t{64} * 1024> memory;
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  check(::sigaltstack(&stack, nullptr), "sigaltstack");
  struct sigaction action {};
  action.sa_handler = &crash_in_handler;
  action.sa_flags = SA_ONSTACK;
  check(::sigaction(SIGUSR1, &action, nullptr), "sigaction");
  std::raise(SIGUSR1);
}

std::atomic<int> g_arrived{0};
void meet() {
  ++g_arrived;
  while (g_arrived < 2) {
  }
}
XGOPS_NOINLINE void crash_as_first() {
  meet();
  write_to_null();
}
XGOPS_NOINLINE void crash_as_second() {
  meet();
  divide_by_zero();
}

void in_thread(const char* name, void (*body)()) {
  std::thread([=] {
    ::prctl(PR_SET_NAME, name);
    body();
  }).join();
}

void crash_in_two_threads() {
  std::thread first([] {
    ::prctl(PR_SET_NAME, "first");
    crash_as_first();
  });
  ::prctl(PR_SET_NAME, "second");
  crash_as_second();
  first.join();
}

XGOPS_NOINLINE void crash_without_descriptors() {
  const rlimit few{64, 4096};
  check(::setrlimit(RLIMIT_NOFILE, &few), "setrlimit");
  while (::open("/dev/null", O_RDONLY) >= 0) {
  }
  write_to_null();
}

std::string_view g_child_handler;

/// Forks a child that crashes, and says how it ended.
void crash_in_child() {
  const rlimit core{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_CORE, &core);
  const pid_t child = check(::fork(), "fork");
  if (child == 0) {
    install_handler(g_child_handler);
    write_to_null();
  }
  int status = 0;
  check(::waitpid(child, &status, 0), "waitpid");
  std::printf("child: status %d, signal %d, core %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 0,
              WIFSIGNALED(status) ? WTERMSIG(status) : 0,
              WIFSIGNALED(status) && WCOREDUMP(status) ? 1 : 0);
  std::exit(5);
}

/// A child of vfork shares the memory of its parent, but not what signals do.
XGOPS_NOINLINE void crash_after_vfork() {
  const pid_t child = check(::vfork(), "vfork");
  if (child == 0) {
    struct sigaction action {};
    ::sigaction(SIGSEGV, &action, nullptr);
    ::_exit(0);
  }
  check(::waitpid(child, nullptr, 0), "waitpid");
  write_to_null();
}

/// A child of vfork that cannot execute a program, and crashes. Then the parent does.
XGOPS_NOINLINE void crash_in_child_of_vfork() {
  const pid_t child = check(::vfork(), "vfork");
  if (child == 0) {
    std::abort();
  }
  int status = 0;
  check(::waitpid(child, &status, 0), "waitpid");
  std::printf("child: signal %d\n", WTERMSIG(status));
  std::fflush(stdout);
  write_to_null();
}

/// What is ignored stays ignored in the program that is executed.
XGOPS_NOINLINE void execute_another() {
  ::signal(SIGFPE, SIG_IGN);
  ::signal(SIGILL, SIG_IGN);
  ::signal(SIGILL, SIG_DFL);
  check(::execl("/bin/grep", "grep", "SigIgn", "/proc/self/status", nullptr), "execl");
}

/// Sends a signal to a thread that reads from a pipe, then writes to that.
void interrupt_and_write(pthread_t reader, int pipe) {
  for (const char* state = ""; std::strchr(state, 'S') == nullptr;) {
    static std::array<char, 256> stat;
    const int file = check(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC), "open");
    const auto bytes = check(::read(file, stat.data(), stat.size() - 1), "read");
    ::close(file);
    stat[static_cast<std::size_t>(bytes)] = '\0';
    state = std::strrchr(stat.data(), ')') + 1;
    stat[static_cast<std::size_t>(state - stat.data()) + 2] = '\0';
  }
  ::pthread_kill(reader, SIGFPE);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  check(::write(pipe, "x", 1), "write");
}

XGOPS_NOINLINE void read_with_handler(void (*handler)(int)) {
  ::signal(SIGFPE, handler);
  std::array<int, 2> pipe{};
  check(::pipe(pipe.data()), "pipe");
  std::thread(interrupt_and_write, ::pthread_self(), pipe[1]).detach();
  char byte = 0;
  const auto bytes = ::read(pipe[0], &byte, 1);
  std::printf("read %d\n", static_cast<int>(bytes));
  std::exit(8);
}

/// A signal that another process sends, and that does nothing when it is ignored.
XGOPS_NOINLINE void send_to_oneself() {
  check(::kill(::getpid(), SIGSEGV), "kill");
  std::exit(7);
}

/// Goes on, however often it is asked for a dump.
void serve() {
  std::printf("ready\n");
  std::fflush(stdout);
  std::array<char, 64> line{};
  while (std::fgets(line.data(), line.size(), stdin) != nullptr) {
    std::printf("still here\n");
    std::fflush(stdout);
  }
  std::exit(6);
}

struct Kind {
  std::string_view name;
  void (*crash)();
};
constexpr std::array kKinds{
    Kind{"null", write_to_null},
    Kind{"divide", divide_by_zero},
    Kind{"illegal", run_illegal_instruction},
    Kind{"abort", call_abort},
    Kind{"throw", throw_what_nobody_catches},
    Kind{"bus", read_past_the_end_of_a_file},
    Kind{"heap", damage_the_heap},
    Kind{"loader", load_a_plugin_that_crashes},
    Kind{"alternate", crash_on_an_alternate_stack},
    Kind{"overflow", overflow_the_stack},
    Kind{"overflow-thread",
         [] {
           in_thread("overflows", [] {
             guard_thread();
             overflow_the_stack();
           });
         }},
    Kind{"two", crash_in_two_threads},
    Kind{"descriptors", crash_without_descriptors},
    Kind{"child", crash_in_child},
    Kind{"vfork", crash_after_vfork},
    Kind{"vfork-crash", crash_in_child_of_vfork},
    Kind{"exec", execute_another},
    Kind{"read-ignoring", [] { read_with_handler(SIG_IGN); }},
    Kind{"read-handling", [] { read_with_handler([](int) {}); }},
    Kind{"sent", send_to_oneself},
    Kind{"serve", serve},
};

XGOPS_NOINLINE void wait_for_the_mutex() {
  g_mutex.lock();
}

XGOPS_NOINLINE void spin() {
  static volatile unsigned long turns = 0;
  for (;;) {
    turns = turns + 1;
  }
}

/// Threads that have nothing to do with the crash: one sleeps, one runs.
void start_bystanders() {
  g_mutex.lock();
  static std::atomic<int> running{0};
  std::thread([] {
    ::prctl(PR_SET_NAME, "sleeps");
    ++running;
    wait_for_the_mutex();
  }).detach();
  std::thread([] {
    ::prctl(PR_SET_NAME, "spins");
    ++running;
    spin();
  }).detach();
  while (running < 2) {
    std::this_thread::yield();
  }
}

}  // namespace

int main(int count, char** arguments) {
  start_agent(count > 2 ? arguments[2] : "");
  start_bystanders();
  g_child_handler = count > 3 ? arguments[3] : "";
  static volatile int recoveries = 0;
  if (sigsetjmp(g_recovery, 1) != 0) {
    recoveries = recoveries + 1;
  }
  if (recoveries == 3) {
    check(::write(STDOUT_FILENO, "recovered\n", 10), "write");
    ::_exit(44);
  }
  for (const Kind& kind : kKinds) {
    if (count > 1 && kind.name == arguments[1]) {
      kind.crash();
      return 0;
    }
  }
  std::fprintf(stderr, "no such kind of crash\n");
  return 3;
}
