// SPDX-License-Identifier: MIT
// fork, exec, pipes and reaping.
#include "support/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere.

namespace xgops::test {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail("pipe2");
  }
  return {ends[0], ends[1]};
}

void close_fd(int& fd) noexcept {
  if (fd >= 0) {
    ::close(fd);
    fd = -1;
  }
}

std::vector<std::string> merged_environment(const Environment& changes) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) {
      merged.push_back(text);
    }
  }
  for (const auto& [name, value] : changes) {
    if (value) {
      merged.push_back(name + "=" + *value);
    }
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

/// Everything the child needs, prepared before the fork: after it only system calls are allowed.
struct Launch {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* directory = nullptr;
  int input = -1;
  int output = -1;
  int error = -1;
  int report = -1;  ///< Gets errno when exec fails; closed by a successful exec.
};

[[noreturn]] void run_child(const Launch& launch, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(127);  // The test died before the request above took effect.
  }
  std::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const bool ready = ::dup2(launch.input, 0) == 0 && ::dup2(launch.output, 1) == 1 &&
                     ::dup2(launch.error, 2) == 2 &&
                     (launch.directory == nullptr || ::chdir(launch.directory) == 0);
  if (ready) {
    ::execvpe(launch.arguments[0], launch.arguments.data(), launch.environment.data());
  }
  const int error = errno;
  (void)!::write(launch.report, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  static const bool sigpipe_ignored = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  (void)sigpipe_ignored;  // A target may die before it has read what we send.
  auto arguments = options.arguments;
  auto environment = merged_environment(options.environment);
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Pipe report = make_pipe();
  Pipe error;
  if (options.error_file.empty()) {
    error = make_pipe();
  } else {
    error.write_end =
        ::open(options.error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  Launch launch;
  launch.arguments = pointers(arguments);
  launch.environment = pointers(environment);
  launch.directory =
      options.working_directory.empty() ? nullptr : options.working_directory.c_str();
  launch.input = input.read_end;
  launch.output = output.write_end;
  launch.error = error.write_end;
  launch.report = report.write_end;
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    run_child(launch, parent);
  }
  const int fork_error = errno;
  close_fd(input.read_end);
  close_fd(output.write_end);
  close_fd(error.write_end);
  close_fd(report.write_end);
  input_ = input.write_end;
  output_ = output.read_end;
  error_ = error.read_end;
  int exec_error = pid_ < 0 ? fork_error : 0;
  (void)!::read(report.read_end, &exec_error, sizeof exec_error);
  close_fd(report.read_end);
  if (exec_error != 0) {
    reset();
    throw std::system_error(exec_error, std::generic_category(), options.arguments.front());
  }
}

ChildProcess::~ChildProcess() {
  reset();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(std::exchange(other.status_, std::nullopt)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      error_(std::exchange(other.error_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    reset();
    pid_ = std::exchange(other.pid_, -1);
    status_ = std::exchange(other.status_, std::nullopt);
    input_ = std::exchange(other.input_, -1);
    output_ = std::exchange(other.output_, -1);
    error_ = std::exchange(other.error_, -1);
  }
  return *this;
}

bool ChildProcess::write(const std::string& text) {
  std::size_t done = 0;
  while (input_ >= 0 && done < text.size()) {
    const ssize_t count = ::write(input_, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) {
      return false;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return done == text.size();
}

void ChildProcess::close_input() {
  close_fd(input_);
}

std::optional<int> ChildProcess::wait_until(Clock::time_point deadline) {
  if (status_ || pid_ < 0) {
    return status_;
  }
  int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  while (pidfd >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ended{pidfd, POLLIN, 0};
    const int count = ::poll(&ended, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (count > 0 || (count == 0 && left.count() <= 0)) {
      break;
    }
  }
  close_fd(pidfd);
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return status_;
}

void ChildProcess::kill() noexcept {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    if (!status_) {
      ::kill(pid_, SIGKILL);  // It may have left the group.
    }
  }
}

void ChildProcess::reset() noexcept {
  if (pid_ > 0) {
    kill();
    if (!status_) {
      int status = 0;
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
  }
  pid_ = -1;
  status_.reset();
  close_fd(input_);
  close_fd(output_);
  close_fd(error_);
}

}  // namespace xgops::test
