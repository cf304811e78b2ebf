// SPDX-License-Identifier: MIT
// The composition root: the only file that wires the parts. What the agent's thread does, from its
// first step to its last.
#include "instance.hpp"

#include "commands/agent_state.hpp"
#include "crash/dumps.hpp"
#include "leaks/scoped_threads.hpp"
#include "server/listening_socket.hpp"
#include "server/reactor_server.hpp"
#include "server/sequential_server.hpp"
#include "server/socket_directory.hpp"
#include "stats/process_reader.hpp"
#include "support/service_thread.hpp"
#include "xgops/protocol/endpoint.hpp"
#include "xgops/version.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::agent {
namespace {

std::array<std::uint8_t, 16> random_id() {
  std::array<std::uint8_t, 16> id{};
  if (::getrandom(id.data(), id.size(), GRND_NONBLOCK) != static_cast<ssize_t>(id.size())) {
    // Early in the boot, or refused. Unique in time and among processes is all that it must be.
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    const pid_t pid = ::getpid();
    std::memcpy(id.data(), &now, sizeof now);
    std::memcpy(id.data() + sizeof now, &pid, sizeof pid);
  }
  return id;
}

Result<server::ListeningSocket> listen(const Settings& settings, std::string name,
                                       support::FdTable table) {
  auto directory = server::open_socket_directory(settings.directories, name, ::geteuid());
  if (!directory) {
    return std::move(directory).error();
  }
  return server::ListeningSocket::open(std::move(*directory), std::move(name), table);
}

/// What this agent cannot do here, a sentence each.
std::vector<std::string> limits_of(const Setup& setup, support::FdTable table,
                                   const stats::ProcessStat& stat) {
  std::vector<std::string> limits;
  if (!setup.signal_problem.empty()) {
    limits.push_back("threads that run on a CPU are listed without a stack: " +
                     setup.signal_problem);
  }
  if (!setup.task_problem.empty()) {
    limits.push_back(setup.task_problem);
  }
  if (table == support::FdTable::kShared) {
    limits.emplace_back(
        "one client is served at a time: the system refuses the agent a descriptor table of its "
        "own (close_range and unshare)");
  }
  if (stat.pid != ::getpid()) {
    limits.push_back("/proc belongs to another PID namespace, where this process is " +
                     std::to_string(stat.pid) + ": mount the right one");
  }
  return limits;
}

}  // namespace

/// Lives on the agent's thread, because its descriptors are valid there only.
struct Instance::Service {
  server::ListeningSocket listener;
  commands::AgentState state;
};

Instance::Instance(std::shared_ptr<const Setup> setup, std::chrono::milliseconds delay)
    : setup_(std::move(setup)), delay_(delay), pid_(::getpid()) {}

Result<void> Instance::launch() {
  const leaks::OutsideOfScopes outside;
  auto thread = support::start_service_thread(&Instance::run, this, setup_->stack_bytes);
  if (!thread) {
    return std::move(thread).error();
  }
  thread_ = *thread;
  return {};
}

Result<void> Instance::wait_ready(Clock::time_point deadline) {
  if (!ready_.wait_until(deadline)) {
    return system_error(ETIMEDOUT, "waiting for the thread xgops");
  }
  return failure_ ? Result<void>(*failure_) : Result<void>();
}

bool Instance::stop(Clock::time_point deadline) noexcept {
  stop_.set();
  const bool is_woken = wake();
  if (!is_woken || !finished_.wait_until(deadline)) {
    return false;
  }
  ::pthread_join(thread_, nullptr);  // It has nothing left to do but to end.
  return true;
}

void Instance::leave() noexcept {
  // By its path, since the descriptor of its directory is not in this thread's table. Not found
  // after a chroot: then the next client removes it.
  if (is_serving()) {
    ::unlink(socket_path_.c_str());
  }
  // Not joined: on a busy machine the thread may need milliseconds to get a CPU. Everything that it
  // uses stays until the process has gone.
  ::pthread_detach(thread_);
}

bool Instance::is_serving() const noexcept {
  return ready_.is_set() && !failure_ && !finished_.is_set();
}

std::string Instance::socket_path() const {
  return is_serving() ? socket_path_ : std::string();
}

/// A thread that waits for clients is woken by one. It has no descriptor that other threads could
/// write to; and a signalfd in its epoll set would wake it on every signal of the host (measured).
bool Instance::wake() const noexcept {
  if (!is_serving()) {
    return true;  // It looks at `stop_` before it waits.
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path_.data(),
              std::min(socket_path_.size(), sizeof address.sun_path - 1));
  const support::UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  // EAGAIN: others wait already. Out of reach after a chroot: the thread sleeps on and harms
  // nobody.
  return ::connect(client.get(), generic, sizeof address) == 0 || errno == EAGAIN || !is_serving();
}

void Instance::release_inherited_socket() noexcept {
  const int fd = shared_listener_.load();
  if (fd >= 0 && support::FileIdentity::of(fd) == shared_listener_identity_) {
    ::close(fd);
  }
}

void* Instance::run(void* self) noexcept {
  auto& instance = *static_cast<Instance*>(self);
  instance.tid_.store(static_cast<pid_t>(::syscall(SYS_gettid)), std::memory_order_release);
  support::become_service_thread();
  crash::adopt_agent_thread();
  if (instance.delay_.count() == 0 || !instance.stop_.wait_until(Clock::now() + instance.delay_)) {
    instance.serve();
  }
  instance.finished_.set();
  return nullptr;
}

void Instance::serve() {
  const support::FdTable table = support::leave_host_fd_table();
  support::Log log(setup_->settings.log_file, table == support::FdTable::kPrivate);
  std::optional<Error> failure;
  try {
    if (auto outcome = serve_until_stopped(table, log); !outcome) {
      failure.emplace(std::move(outcome).error());
    }
  } catch (const std::exception& thrown) {
    failure.emplace(system_error(ENOMEM, thrown.what()));
  }
  // Why a start failed is for the starter to tell; a child's agent was started by nobody.
  if (ready_.is_set() || delay_.count() != 0) {
    try {
      log.write(failure ? "not serving: " + failure->message() : "stopped");
    } catch (const std::exception&) {
      // No memory for a few words: the process goes on without them, as without the agent.
    }
  }
  if (!ready_.is_set()) {
    failure_ = std::move(failure);
    ready_.set();
  }
}

Result<void> Instance::serve_until_stopped(support::FdTable table, support::Log& log) {
  for (;;) {
    auto prepared = prepare(table);
    if (!prepared) {
      return std::move(prepared).error();
    }
    Service& service = **prepared;
    if (!ready_.is_set()) {
      socket_path_ = service.listener.path();
    }
    const auto on_serving = [&] {
      log.write(std::string("agent ") + kVersion + " listens on " + service.listener.path());
      for (const std::string& limit : service.state.limits) {
        log.write("limit: " + limit);
      }
      ready_.set();
    };
    if (table == support::FdTable::kPrivate) {
      return server::serve_with_reactor(service.state, service.listener, stop_, log, on_serving);
    }
    shared_listener_identity_ = service.listener.identity();
    shared_listener_ = service.listener.fd();
    const auto end =
        server::serve_one_by_one(service.state, service.listener, stop_, log, on_serving);
    shared_listener_ = -1;
    if (!end) {
      return end.error();
    }
    if (end.value() == server::ServiceEnd::kStopped) {
      return {};
    }
    log.write("the program closed the agent's descriptors");
  }
}

Result<std::unique_ptr<Instance::Service>> Instance::prepare(support::FdTable table) {
  auto directories = stats::ProcDirectories::open(table);
  if (!directories) {
    return std::move(directories).error();
  }
  stats::ProcessReader reader(std::move(*directories));
  const auto stat = reader.stat();
  if (!stat) {
    return stat.error();
  }
  const Settings& settings = setup_->settings;
  commands::Identity identity{.pid = pid_,
                              .start_time_ticks = stat.value().start_time_ticks,
                              .instance_id = random_id(),
                              .mode = settings.mode == Mode::kPreloaded ? "preloaded" : "linked"};
  std::string name = protocol::socket_name({identity.pid, identity.start_time_ticks});
  auto listener = listen(settings, std::move(name), table);
  if (!listener) {
    return std::move(listener).error();
  }
  const threads::InspectorOptions options{.task_directory_fd = reader.directories().tasks.get(),
                                          .signal = setup_->signal,
                                          .shared_fd_table = table == support::FdTable::kShared,
                                          .make_dumpable = settings.make_dumpable};
  auto service = std::unique_ptr<Service>(
      new Service{.listener = std::move(*listener),
                  .state = {std::move(identity), std::move(reader), options, setup_->runtime}});
  service->state.tasks = setup_->tasks;
  service->state.limits = limits_of(*setup_, table, stat.value());
  return service;
}

}  // namespace xgops::agent
