// SPDX-License-Identifier: MIT
#include "testing/test_process.hpp"

#include "support/failure.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_error(errno, "pipe");
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// In the child: output goes into the pipe, input is empty, and it ends with us.
void go_apart(int output, int errors, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(EXIT_FAILURE);
  }
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
}

// There is one thread, so the child of a fork may do anything.
// NOLINTBEGIN(concurrency-mt-unsafe)
[[noreturn]] void become_program(const TestCommand& command, int problem) {
  for (const auto& [name, value] : command.environment) {
    if (value.empty()) {
      ::unsetenv(name.c_str());
    } else {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
  }
  if (!command.report_file.empty()) {
    const std::string wanted = std::to_string(::getpid()) + ":" + command.report_file;
    ::setenv("XGOPS_TEST_REPORT", wanted.c_str(), 1);
  }
  std::vector<char*> arguments;
  for (const std::string& word : command.arguments) {
    arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execv takes them so.
  }
  arguments.push_back(nullptr);
  ::execv(command.program.c_str(), arguments.data());
  const int error_number = errno;
  [[maybe_unused]] const ssize_t told = ::write(problem, &error_number, sizeof error_number);
  ::_exit(EXIT_FAILURE);
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace

void OutputTail::add(std::string_view text) {
  text_ += text;
  if (text_.size() > 2 * limit_) {
    dropped_ += text_.size() - limit_;
    text_.erase(0, text_.size() - limit_);
  }
}

std::string OutputTail::text() const {
  const std::size_t more = text_.size() > limit_ ? text_.size() - limit_ : 0;
  return dropped_ + more == 0 ? text_
                              : "... " + std::to_string(dropped_ + more) +
                                    " bytes before are left out ...\n" + text_.substr(more);
}

TestProcess::TestProcess(pid_t pid, UniqueFd process, Streams streams, bool apart,
                         std::size_t output_limit)
    : pid_(pid),
      process_(std::move(process)),
      output_(std::move(streams.output)),
      errors_(std::move(streams.errors)),
      apart_(apart),
      tail_(output_limit),
      error_tail_(output_limit) {}

TestProcess::~TestProcess() {
  kill();
}

Result<TestProcess> TestProcess::start(const TestCommand& command, std::size_t output_limit) {
  auto problem = make_pipe();
  auto output = make_pipe();
  auto errors = make_pipe();
  for (const auto* const pipe : {&problem, &output, &errors}) {
    if (!*pipe) {
      return pipe->error();
    }
  }
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return system_error(errno, "fork");
  }
  if (pid == 0) {
    if (command.apart) {
      go_apart(output->writer.get(), (command.errors_apart ? errors : output)->writer.get(),
               parent);
    } else if (command.out_to_err) {
      ::dup2(STDERR_FILENO, STDOUT_FILENO);
    }
    become_program(command, problem->writer.get());
  }
  problem->writer.reset();
  output->writer.reset();
  errors->writer.reset();
  if (!command.apart) {
    output->reader.reset();
  }
  if (!command.apart || !command.errors_apart) {
    errors->reader.reset();
  }
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  int error_number = process ? 0 : errno;
  TestProcess started(pid, std::move(process),
                      {std::move(output->reader), std::move(errors->reader)}, command.apart,
                      output_limit);
  if (error_number == 0) {
    (void)!::read(problem->reader.get(), &error_number, sizeof error_number);
  }
  if (error_number != 0) {
    const bool is_denied = error_number == EACCES || error_number == EPERM;
    return failure(
        is_denied ? Failure::kPermission : Failure::kProgram,
        "cannot run " + command.program + ": " + std::generic_category().message(error_number));
  }
  for (const UniqueFd* const stream : {&started.output_, &started.errors_}) {
    if (*stream) {
      ::fcntl(stream->get(), F_SETFL, O_NONBLOCK);
    }
  }
  return started;
}

void TestProcess::read_output() {
  read_into(tail_, output_);
  read_into(error_tail_, errors_);
}

void TestProcess::read_into(OutputTail& tail, UniqueFd& stream) {
  // Who writes without end is not to be read without end.
  constexpr int kMostPieces = 64;
  std::array<char, 65536> buffer{};
  for (int i = 0; stream && i < kMostPieces; ++i) {
    const ssize_t got = ::read(stream.get(), buffer.data(), buffer.size());
    if (got > 0) {
      tail.add(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      stream.reset();
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

bool TestProcess::has_ended() {
  if (!ended_ && pid_ != 0 && ::waitpid(pid_, &wait_status_, WNOHANG) == pid_) {
    ended_ = true;
    // What it has written is here. Children that live on may keep the pipe for as long as they
    // like.
    read_output();
    output_.reset();
    errors_.reset();
  }
  return ended_;
}

void TestProcess::send(int signal) const noexcept {
  if (!ended_ && pid_ != 0) {
    ::kill(pid_, signal);
  }
}

void TestProcess::kill() noexcept {
  if (ended_ || pid_ == 0) {
    return;
  }
  if (apart_) {
    ::kill(-pid_, SIGKILL);
  }
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, &wait_status_, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
}

}  // namespace xgops::cli
