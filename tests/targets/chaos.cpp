// SPDX-License-Identifier: MIT
// Threads at random places in code that a careless signal handler cannot survive: exceptions,
// malloc, the loader, signal handlers, fork, thread creation, hand-written assembly.
#include "support.hpp"

#include <cmath>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <vector>

#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unwind.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere.

namespace {

using target::thread_id;

volatile double g_number_sink = 0;
volatile long g_sink = 0;

struct Worker {
  const char* name;
  void (*work)();
  std::atomic<std::uint64_t> rounds{0};
};

[[gnu::noinline]] int throw_below(int depth) {
  const std::string local = "has a destructor to run";
  if (depth == 0) {
    throw std::runtime_error("an error text that is long enough to be allocated");
  }
  const int result = throw_below(depth - 1);
  g_sink = result + static_cast<long>(local.size());
  return result + 1;
}

void throw_and_catch() {
  try {
    throw_below(8);
  } catch (const std::exception& error) {
    g_sink = static_cast<long>(std::strlen(error.what()));
  }
}

void allocate() {
  std::array<void*, 50> blocks{};
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i] = std::malloc(16 + (i * 7919) % 70'000);
  }
  for (void* block : blocks) {
    std::free(block);
  }
}

void load_and_unload() {
  void* const plugin = ::dlopen(XGOPS_TARGET_PLUGIN, RTLD_LAZY);
  if (plugin == nullptr) {
    std::fprintf(stderr, "%s\n", ::dlerror());
    ::_exit(3);
  }
  g_sink = reinterpret_cast<int (*)(int)>(::dlsym(plugin, "plugin_work"))(500);
  ::dlclose(plugin);
}

void handle_signal(int, siginfo_t*, void*) {
  char text[64];
  long sum = 0;
  for (int i = 0; i < 2000; ++i) {
    sum += i * 31 + (i >> 3);
  }
  std::snprintf(text, sizeof text, "%ld", sum);
  g_sink = text[0];
}

void raise_on_own_stack() {
  ::syscall(SYS_tgkill, ::getpid(), thread_id(), SIGUSR1);
}

void raise_on_other_stack() {
  static thread_local std::vector<char> memory;
  if (memory.empty()) {
    memory.resize(65'536);
    stack_t stack{};
    stack.ss_sp = memory.data();
    stack.ss_size = memory.size();
    ::sigaltstack(&stack, nullptr);
  }
  ::syscall(SYS_tgkill, ::getpid(), thread_id(), SIGUSR2);
}

void read_clock() {
  timespec now{};
  for (int i = 0; i < 1000; ++i) {
    ::clock_gettime(CLOCK_MONOTONIC, &now);
  }
}

void compute() {
  double number = 0;
  for (int i = 0; i < 1000; ++i) {
    number = std::sin(i) * std::pow(i, 0.3) + std::cos(number);
  }
  g_number_sink = number;
}

void copy_memory() {
  static thread_local std::array<char, 20'000> from{};
  static thread_local std::array<char, 20'000> to{};
  for (std::size_t i = 0; i < 100; ++i) {
    std::memcpy(to.data(), from.data(), i * 190);
    std::memset(from.data(), 1, i);
    g_sink = std::memcmp(to.data(), from.data(), i * 100);
  }
}

void match() {
  const std::regex pattern("(a|b)*c[0-9]+");
  g_sink = std::regex_search(std::string("ababababc1239"), pattern) ? 1 : 0;
}

void print() {
  static std::FILE* const nowhere = std::fopen("/dev/null", "w");
  for (int i = 0; i < 100; ++i) {
    std::fprintf(nowhere, "%d %s %f\n", i, "text", i * 1.5);
  }
}

void start_thread() {
  std::thread([] { g_sink = 1; }).join();
}

void spawn_program() {
  std::string name = "true";
  std::array<char*, 2> arguments{name.data(), nullptr};
  pid_t child = 0;
  if (::posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments.data(), environ) == 0) {
    ::waitpid(child, nullptr, 0);
  }
}

void fork_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

void read_file() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  g_sink = static_cast<long>(line.size());
}

void sort_numbers() {
  std::array<int, 300> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<int>(i * 7919 % 300);
  }
  std::qsort(numbers.data(), numbers.size(), sizeof(int), [](const void* left, const void* right) {
    return *static_cast<const int*>(left) - *static_cast<const int*>(right);
  });
}

void unwind_itself() {
  ::_Unwind_Backtrace(
      [](_Unwind_Context* context, void*) {
        g_sink = static_cast<long>(::_Unwind_GetIP(context));
        return _URC_NO_REASON;
      },
      nullptr);
}

void install_handlers() {
  struct sigaction action {};
  action.sa_sigaction = handle_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
  action.sa_flags |= SA_ONSTACK;
  ::sigaction(SIGUSR2, &action, nullptr);
}

std::array<Worker, 17> g_workers{{
    {"throw-1", throw_and_catch},
    {"throw-2", throw_and_catch},
    {"malloc", allocate},
    {"dlopen", load_and_unload},
    {"handler", raise_on_own_stack},
    {"altstack", raise_on_other_stack},
    {"vdso", read_clock},
    {"libm", compute},
    {"memcpy", copy_memory},
    {"regex", match},
    {"printf", print},
    {"thread", start_thread},
    {"spawn", spawn_program},
    {"fork", fork_child},
    {"file", read_file},
    {"qsort", sort_numbers},
    {"unwind", unwind_itself},
}};

void run(Worker& worker, target::Actor& actor) {
  for (;;) {
    worker.work();
    actor.about_to_block();  // Ready means: every worker has done its work once.
    if (worker.rounds.fetch_add(1, std::memory_order_relaxed) % 16 == 15) {
      target::nap();
    }
  }
}

/// `{"name": rounds, ...}`
std::string report() {
  std::string text = "{";
  for (const Worker& worker : g_workers) {
    text += (text.size() > 1 ? ",\"" : "\"") + std::string(worker.name) +
            "\":" + std::to_string(worker.rounds.load());
  }
  return text + "}";
}

}  // namespace

int main() {
  install_handlers();
  target::Scene scene;
  for (Worker& worker : g_workers) {
    scene.add(worker.name, {.reason = "", .system_call = target::kNotBlocked},
              [&worker](target::Actor& actor) { run(worker, actor); });
  }
  scene.announce();
  target::Scene::serve([](const std::string&) { return report(); });
}
