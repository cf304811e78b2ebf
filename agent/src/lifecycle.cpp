// SPDX-License-Identifier: MIT
// Start, stop, fork, exit.
#include "lifecycle.hpp"

#include "crash/dumps.hpp"
#include "instance.hpp"
#include "support/log.hpp"
#include "support/service_thread.hpp"
#include "support/unique_fd.hpp"
#include "threads/capture.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace xgops::agent {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a forked child must live before its agent does anything: most run another program, or
/// end, long before.
constexpr std::chrono::milliseconds kChildDelay{100};
constexpr std::chrono::seconds kStartPatience{5};
constexpr std::chrono::seconds kStopPatience{2};

/// The one global: a process has one agent, and the hooks of fork and exit get no argument. Has
/// nothing to destroy, so the hooks may run as late as they like.
struct Process {
  std::mutex mutex;
  Instance* instance = nullptr;
  /// Agents whose threads are not ours to join: those of the processes that we were forked from.
  /// Kept so that they are not taken for leaks.
  Instance* abandoned = nullptr;
  bool has_hooks = false;
};
constinit Process g_process;

/// Whether the process locked itself in with seccomp since the agent started. It may be killed for
/// a call that it did not foresee, such as connect or unlink.
bool is_newly_confined(const Instance& instance) noexcept {
  return ::prctl(PR_GET_SECCOMP) != instance.setup()->seccomp_mode;
}

void abandon(Instance* instance) noexcept {
  instance->remember(g_process.abandoned);
  g_process.abandoned = instance;
}

/// What a thread may do to its users and groups, as its status file says it; empty: not known.
std::string credentials_in(const std::string& path) {
  std::array<char, 4096> buffer{};
  const support::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t bytes = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  std::string_view text(buffer.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  std::string found;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    for (const std::string_view key : {"Uid:", "Gid:", "CapPrm:", "CapEff:"}) {
      found += line.starts_with(key) ? std::string(line) + '\n' : std::string();
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return found;
}

bool has_credentials_of_caller(pid_t tid) noexcept {
  try {
    return tid == 0 || credentials_in("/proc/thread-self/status") ==
                           credentials_in("/proc/self/task/" + std::to_string(tid) + "/status");
  } catch (const std::exception&) {
    return true;  // No memory to find out.
  }
}

/// Ends an agent that nobody else can reach any more.
void end(Instance* instance) noexcept {
  const int signal = instance->setup()->signal;
  if (instance->pid() == ::getpid() && instance->setup()->settings.dumps.any()) {
    crash::uninstall();
  }
  // Of another process: a copy that came with a fork that runs no hooks, such as _Fork.
  if (instance->pid() == ::getpid() && !is_newly_confined(*instance) &&
      instance->stop(Clock::now() + kStopPatience)) {
    threads::uninstall_capture_signal(signal);
    delete instance;
  } else {
    abandon(instance);
  }
}

void after_fork_in_child() noexcept {
  const int saved_errno = errno;
  // Whoever held it in the parent does not exist here.
  new (&g_process.mutex) std::mutex;
  crash::after_fork_in_child();
  Instance* const parent = std::exchange(g_process.instance, nullptr);
  if (parent != nullptr) {
    threads::capture_after_fork();
    parent->release_inherited_socket();
    abandon(parent);
    if (parent->setup()->settings.listens_after_fork) {
      auto* const instance = new (std::nothrow) Instance(parent->setup(), kChildDelay);
      if (instance != nullptr && instance->launch()) {
        g_process.instance = instance;
      } else {
        delete instance;
      }
    }
  }
  errno = saved_errno;
}

void at_exit() noexcept {
  const std::unique_lock lock(g_process.mutex, std::try_to_lock);
  if (!lock || g_process.instance == nullptr) {
    return;
  }
  // Out of reach from now on: destructors of the program may still ask to stop it.
  Instance* const instance = std::exchange(g_process.instance, nullptr);
  abandon(instance);
  if (instance->pid() == ::getpid() && !is_newly_confined(*instance)) {
    instance->leave();
  }
}

Result<void> install_hooks() {
  if (g_process.has_hooks) {
    return {};
  }
  // The child's hook allocates. Allocators that register hooks of their own do so at their first
  // use: before ours then, so that they are usable again when ours runs.
  void* volatile memory = std::malloc(1);  // The compiler would leave out what is not used.
  std::free(memory);
  if (const int failure = ::pthread_atfork(nullptr, nullptr, &after_fork_in_child); failure != 0) {
    return system_error(failure, "pthread_atfork");
  }
  if (std::atexit(&at_exit) != 0) {
    return system_error(ENOMEM, "atexit");
  }
  g_process.has_hooks = true;
  return {};
}

Result<void> start_with(Settings settings) {
  if (auto installed = install_hooks(); !installed) {
    return installed;
  }
  auto setup = std::make_shared<Setup>();
  setup->settings = std::move(settings);
  setup->runtime = threads::probe_runtime();
  setup->tasks = tasks::find_source(setup->task_problem);
  setup->stack_bytes = support::service_stack_bytes();
  setup->seccomp_mode = ::prctl(PR_GET_SECCOMP);
  setup->signal = threads::install_capture_signal(setup->settings.signal, setup->signal_problem);

  const int signal = setup->signal;
  // Before the thread starts, which must know whether to let signals of a crash through.
  if (auto installed = crash::install(setup->settings.dumps, setup->tasks, signal); !installed) {
    threads::uninstall_capture_signal(signal);
    return installed;
  }
  auto instance = std::make_unique<Instance>(std::move(setup));
  auto launched = instance->launch();
  if (!launched) {
    crash::uninstall();
    threads::uninstall_capture_signal(signal);
    return launched;
  }
  auto ready = instance->wait_ready(Clock::now() + kStartPatience);
  if (!ready) {
    end(instance.release());
    return ready;
  }
  g_process.instance = instance.release();
  return {};
}

}  // namespace

Result<StartStatus> start(const xgops_agent_options* options, Mode mode) {
  const auto environment = process_environment();
  if (is_disabled(environment)) {
    return StartStatus::kDisabled;
  }
  auto settings = read_settings(options, mode, environment, ::geteuid());
  if (!settings) {
    return std::move(settings).error();
  }
  const std::lock_guard lock(g_process.mutex);
  if (g_process.instance != nullptr) {
    return system_error(EADDRINUSE, "the agent of this process", "it was started already");
  }
  support::Log log(settings->log_file, false);
  auto started = start_with(std::move(*settings));
  if (!started) {
    log.write("not started: " + started.error().message());
    return std::move(started).error();
  }
  return StartStatus::kStarted;
}

void stop() noexcept {
  const std::lock_guard lock(g_process.mutex);
  if (g_process.instance != nullptr) {
    end(std::exchange(g_process.instance, nullptr));
  }
}

bool is_running() noexcept {
  const std::lock_guard lock(g_process.mutex);
  return g_process.instance != nullptr && g_process.instance->pid() == ::getpid() &&
         g_process.instance->is_serving();
}

std::string socket_path() {
  const std::lock_guard lock(g_process.mutex);
  return g_process.instance != nullptr ? g_process.instance->socket_path() : std::string();
}

CredentialChange::CredentialChange() noexcept {
  const int saved_errno = errno;
  const std::lock_guard lock(g_process.mutex);
  Instance* const instance = g_process.instance;
  if (instance != nullptr && instance->pid() == ::getpid() && !is_newly_confined(*instance) &&
      !has_credentials_of_caller(instance->tid()) && instance->stop(Clock::now() + kStopPatience)) {
    stopped_ = instance->setup();
    delete std::exchange(g_process.instance, nullptr);
  }
  errno = saved_errno;
}

CredentialChange::~CredentialChange() {
  if (stopped_ == nullptr) {
    return;
  }
  const int saved_errno = errno;
  const std::lock_guard lock(g_process.mutex);
  if (g_process.instance == nullptr) {
    auto* const instance = new (std::nothrow) Instance(std::move(stopped_));
    if (instance != nullptr && instance->launch()) {
      g_process.instance = instance;
    } else {
      delete instance;
    }
  }
  errno = saved_errno;
}

}  // namespace xgops::agent
