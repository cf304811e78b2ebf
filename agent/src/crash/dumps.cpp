// SPDX-License-Identifier: MIT
#include "crash/dumps.hpp"

#include "crash/program_actions.hpp"
#include "crash/thread_stacks.hpp"
#include "dump/handler.hpp"
#include "xgops/version.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::crash {
namespace {

using dump::g_dumps;
using dump::kCrashSignals;

// The walker recurses when it looks for a lost frame pointer, a dozen times at most.
constexpr std::size_t kStackBytes = std::size_t{256} * 1024;
constexpr std::size_t kPageBytes = 4096;

struct SignalName {
  std::string_view name;
  int number;
};
constexpr std::array kNames{
    SignalName{"HUP", SIGHUP},   SignalName{"INT", SIGINT},     SignalName{"QUIT", SIGQUIT},
    SignalName{"TRAP", SIGTRAP}, SignalName{"USR1", SIGUSR1},   SignalName{"USR2", SIGUSR2},
    SignalName{"PIPE", SIGPIPE}, SignalName{"ALRM", SIGALRM},   SignalName{"TERM", SIGTERM},
    SignalName{"CHLD", SIGCHLD}, SignalName{"CONT", SIGCONT},   SignalName{"TSTP", SIGTSTP},
    SignalName{"TTIN", SIGTTIN}, SignalName{"TTOU", SIGTTOU},   SignalName{"URG", SIGURG},
    SignalName{"XCPU", SIGXCPU}, SignalName{"XFSZ", SIGXFSZ},   SignalName{"VTALRM", SIGVTALRM},
    SignalName{"PROF", SIGPROF}, SignalName{"WINCH", SIGWINCH}, SignalName{"IO", SIGIO},
    SignalName{"PWR", SIGPWR},   SignalName{"SYS", SIGSYS},     SignalName{"STKFLT", SIGSTKFLT},
};

template <std::size_t N>
void copy_text(std::array<char, N>& to, std::string_view text) noexcept {
  const std::size_t length = std::min(text.size(), N - 1);
  std::memcpy(to.data(), text.data(), length);
  to[length] = '\0';
}

dump::Settings settings_of(const Options& options, const tasks::TaskSource& source,
                           int capture_signal) {
  dump::Settings settings;
  copy_text(settings.path, options.path);
  copy_text(settings.version, kVersion);
  // Not /proc/self/exe: after an exec through the loader or a script it names something else.
  copy_text(settings.program, program_invocation_short_name);
  settings.capture_signal = capture_signal;
  if (source.registry != nullptr) {
    settings.tasks = {&source.registry->record_memory(), &source.registry->frames(),
                      source.details};
  }
  return settings;
}

/// The memory of all dumps of this process: kept for ever, since a handler may come late.
struct Memory {
  std::byte* workspace = nullptr;
  std::byte* stack = nullptr;
};
constinit Memory g_memory;

/// Pages with one in front that cannot be touched.
std::byte* map_pages(std::size_t bytes) noexcept {
  const std::size_t rounded = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  void* const range = ::mmap(nullptr, rounded + kPageBytes, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) {
    return nullptr;
  }
  auto* const usable = static_cast<std::byte*>(range) + kPageBytes;
  if (::mprotect(usable, rounded, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(range, rounded + kPageBytes);
    return nullptr;
  }
  return usable;
}

Result<void> make_memory() {
  if (g_memory.workspace == nullptr) {
    g_memory.workspace = map_pages(sizeof(dump::Workspace));
  }
  if (g_memory.stack == nullptr) {
    g_memory.stack = map_pages(kStackBytes);
  }
  if (g_memory.workspace == nullptr || g_memory.stack == nullptr) {
    return system_error(errno, "memory for dumps");
  }
  g_dumps.stack = {g_memory.stack, kStackBytes};
  return {};
}

Error handler_error(int signal) {
  return system_error(errno, "handler of signal " + std::to_string(signal));
}

/// As the kernel has it: the C library's form loses flags.
Result<dump::KernelAction> action_of(int signal) {
  dump::KernelAction action;
  if (!dump::set_action(signal, nullptr, &action)) {
    return handler_error(signal);
  }
  return action;
}

Result<void> replace(int signal, const dump::KernelAction& action) {
  // By a system call of our own: sigaction may be that of another agent, a preloaded one.
  if (!dump::set_action(signal, &action, nullptr)) {
    return handler_error(signal);
  }
  return {};
}

/// The C library's, where a handler has it already.
std::uint64_t find_restorer() noexcept {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    dump::KernelAction action;
    if (dump::set_action(signal, nullptr, &action) && action.restorer != 0) {
      return action.restorer;
    }
  }
  return reinterpret_cast<std::uint64_t>(&dump::dump_return_from_signal);
}

// What was there before is noted first: a handler may be called as soon as it is there.

Result<void> watch_request_signal(int signal) {
  auto before = action_of(signal);
  if (!before) {
    return std::move(before).error();
  }
  g_dumps.before_request = *before;
  dump::KernelAction action = dump::action_in_front_of({});
  action.handler = reinterpret_cast<std::uint64_t>(&dump::on_request_signal);
  action.flags = (action.flags | SA_RESTART) & ~std::uint64_t{SA_NODEFER};
  auto replaced = replace(signal, action);
  if (replaced) {
    g_dumps.request_signal = signal;
  }
  return replaced;
}

Result<void> watch_crashes() {
  give_threads_stacks(true);
  guard_this_thread();
  g_dumps.watches_crashes = true;
  for (std::size_t i = 0; i < kCrashSignals.size(); ++i) {
    auto before = action_of(kCrashSignals[i]);
    if (!before) {
      return std::move(before).error();
    }
    if (dump::is_crash_handler(*before)) {
      continue;  // Left behind in front of an agent that has ended.
    }
    g_dumps.before[i].set(*before);
    if (before->handler == dump::KernelAction::kIgnore) {
      continue;  // Programs that this one executes ignore it, too.
    }
    if (auto replaced = replace(kCrashSignals[i], dump::action_in_front_of(*before)); !replaced) {
      return replaced;
    }
  }
  return {};
}

}  // namespace

Result<std::string> parse_destination(const std::string& text) {
  if (text == "stderr") {
    return std::string();
  }
  std::string path = text;
  if (!path.starts_with('/')) {
    std::array<char, dump::Settings::kMaxPathBytes> directory{};
    if (::getcwd(directory.data(), directory.size()) == nullptr) {
      return system_error(errno, "crash dump " + text, "use an absolute path");
    }
    // A percent sign of the directory's is no pattern.
    std::string prefix = directory.data();
    for (std::size_t at = 0; (at = prefix.find('%', at)) != std::string::npos; at += 2) {
      prefix.insert(at, 1, '%');
    }
    path = prefix + "/" + path;
  }
  if (path.size() >= dump::Settings::kMaxPathBytes) {
    return system_error(EINVAL, "crash dump " + text, "the path is too long");
  }
  return path;
}

std::optional<int> parse_request_signal(std::string_view text) {
  if (text.empty() || text == "none") {
    return 0;
  }
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    const std::string_view name = text.starts_with("SIG") ? text.substr(3) : text;
    const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                           [&](const auto& entry) { return entry.name == name; });
    number = found == kNames.end() ? -1 : found->number;
  }
  const bool is_crash =
      std::find(kCrashSignals.begin(), kCrashSignals.end(), number) != kCrashSignals.end();
  // 32 and 33 are the C library's own.
  const bool is_usable = number > 0 && number <= SIGRTMAX && number != SIGKILL &&
                         number != SIGSTOP && number != 32 && number != 33 && !is_crash;
  return is_usable ? std::optional(number) : std::nullopt;
}

Result<void> install(const Options& options, const tasks::TaskSource& source, int capture_signal) {
  if (!options.any()) {
    return {};
  }
  if (auto made = make_memory(); !made) {
    return made;
  }
  g_dumps.crashed_pid = 0;
  g_dumps.fault_count = 0;
  auto* const workspace =
      new (g_memory.workspace) dump::Workspace(settings_of(options, source, capture_signal));
  workspace->warm_up();
  g_dumps.workspace = workspace;
  g_dumps.restorer = find_restorer();
  g_dumps.owner = ::getpid();
  Result<void> watched;
  if (options.request_signal != 0) {
    watched = watch_request_signal(options.request_signal);
  }
  if (watched && options.on_crash) {
    watched = watch_crashes();
  }
  if (!watched) {
    uninstall();
  }
  return watched;
}

void uninstall() noexcept {
  give_threads_stacks(false);
  dump::restore_crash_actions();
  if (g_dumps.request_signal != 0) {
    dump::KernelAction now;
    const bool is_ours = dump::set_action(g_dumps.request_signal, nullptr, &now) &&
                         now.handler == reinterpret_cast<std::uint64_t>(&dump::on_request_signal);
    if (is_ours) {
      static_cast<void>(dump::set_action(g_dumps.request_signal, &g_dumps.before_request, nullptr));
    }
    g_dumps.request_signal = 0;
  }
  g_dumps.workspace = nullptr;
  g_dumps.owner = 0;
}

void after_fork_in_child() noexcept {
  program_actions_after_fork();
  if (g_dumps.owner != 0) {
    g_dumps.owner = ::getpid();
  }
}

bool write_to_stderr() noexcept {
  std::byte* const memory = map_pages(sizeof(dump::Workspace));
  if (memory == nullptr) {
    return false;
  }
  auto* const workspace = new (memory) dump::Workspace(settings_of({}, tasks::own_source(), 0));
  workspace->write_without_signal();
  return true;  // The memory stays: this is about to end.
}

void adopt_agent_thread() noexcept {
  g_dumps.agent_tid = static_cast<std::int32_t>(::syscall(SYS_gettid));
  if (g_dumps.watches_crashes) {
    // With these blocked the kernel would end the process without asking a handler.
    sigset_t faults{};
    ::sigemptyset(&faults);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
      ::sigaddset(&faults, signal);
    }
    ::pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
  }
}

}  // namespace xgops::crash
