// SPDX-License-Identifier: MIT
// The target's commands that make processes, threads and signals.
#include "target.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace target {
namespace {

/// Ends of a pipe: nobody writes to it, and it ends with this process.
std::array<int, 2> g_life{-1, -1};

void open_life() {
  if (g_life[0] < 0 && ::pipe(g_life.data()) != 0) {
    std::abort();
  }
}

/// The life of a child that only exists: ends with the process that made the pipe.
[[noreturn]] void live_until_the_end() {
  ::close(g_life[1]);
  char byte = 0;
  while (::read(g_life[0], &byte, 1) > 0) {
  }
  ::_exit(0);
}

std::string fork_child(const std::string& /*argument*/) {
  open_life();
  const pid_t child = ::fork();
  if (child == 0) {
    live_until_the_end();
  }
  return std::to_string(child);
}

/// Children that end at once; the number of those that ended well.
std::string fork_many(const std::string& count) {
  int well = 0;
  for (int i = 0; i < std::atoi(count.c_str()); ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(0);
    }
    int status = -1;
    well += ::waitpid(child, &status, 0) == child && status == 0 ? 1 : 0;
  }
  return std::to_string(well);
}

/// The PID of a process that has left this one's session.
std::string daemonise(const std::string& /*argument*/) {
  std::array<int, 2> report{-1, -1};
  if (::pipe(report.data()) != 0) {
    return std::strerror(errno);
  }
  open_life();
  const pid_t first = ::fork();
  if (first == 0) {
    ::setsid();
    const pid_t second = ::fork();
    if (second != 0) {
      ::_exit(0);
    }
    const pid_t self = ::getpid();
    (void)!::write(report[1], &self, sizeof self);
    (void)!::chdir("/");
    live_until_the_end();
  }
  ::waitpid(first, nullptr, 0);
  pid_t daemon = 0;
  (void)!::read(report[0], &daemon, sizeof daemon);
  ::close(report[0]);
  ::close(report[1]);
  return std::to_string(daemon);
}

/// Runs a shell command and answers with its first line of output.
std::string run_shell(const std::string& command) {
  FILE* const stream = ::popen(command.c_str(), "r");
  std::array<char, 4096> line{};
  const char* const read = std::fgets(line.data(), line.size(), stream);
  std::string text = read != nullptr ? read : "";
  ::pclose(stream);
  return text.substr(0, text.find('\n'));
}

/// Becomes another program; its output goes on where ours ends.
std::string execute(const std::string& command) {
  ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  return std::strerror(errno);
}

std::string end(const std::string& how) {
  if (how == "_exit") {
    ::_exit(5);
  }
  if (how == "exit") {
    std::exit(6);
  }
  std::abort();
}

std::atomic<int> g_signals{0};
std::atomic<pthread_t> g_signalled_thread{};

/// Signals to the process, as timers and users send them. Answers with how many arrived, and
/// whether all of them in this thread.
std::string raise_many(const std::string& count) {
  g_signals = 0;
  std::signal(SIGUSR1, [](int) {
    ++g_signals;
    g_signalled_thread = ::pthread_self();
  });
  bool only_here = true;
  for (int i = 0; i < std::atoi(count.c_str()); ++i) {
    ::kill(::getpid(), SIGUSR1);
    only_here = only_here && g_signalled_thread == ::pthread_self();
  }
  return std::to_string(g_signals) + (only_here ? " here" : " elsewhere");
}

/// Loads and unloads a library again and again.
std::string load_many(const std::string& argument) {
  const std::size_t space = argument.find(' ');
  const std::string path = argument.substr(space + 1);
  for (int i = 0; i < std::atoi(argument.c_str()); ++i) {
    void* const library = ::dlopen(path.c_str(), RTLD_NOW);
    if (library == nullptr) {
      return ::dlerror();
    }
    ::dlclose(library);
  }
  return "loaded";
}

/// Starts and ends threads, calls and unwinds exceptions, while a library comes and goes.
std::string storm(const std::string& argument) {
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&is_over] {
      while (!is_over) {
        std::thread([] {}).join();
      }
    });
  }
  std::string result = load_many(argument);
  is_over = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  return result;
}

/// The name of this thread's signal mask and of the process's dispositions: all that are not
/// default.
std::string list_handlers(const std::string& /*argument*/) {
  std::string handlers;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction action {};
    const bool is_known = ::sigaction(signal, nullptr, &action) == 0;
    if (is_known && action.sa_handler != SIG_DFL) {
      handlers += std::to_string(signal) + " ";
    }
  }
  return handlers;
}

constexpr Command kCommands[] = {
    {"fork", fork_child},        {"fork-many", fork_many}, {"daemonise", daemonise},
    {"shell", run_shell},        {"exec", execute},        {"end", end},
    {"raise", raise_many},       {"load", load_many},      {"storm", storm},
    {"handlers", list_handlers},
};

}  // namespace

constinit const std::span<const Command> kProcessCommands = kCommands;

}  // namespace target
