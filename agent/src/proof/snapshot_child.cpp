// SPDX-License-Identifier: MIT
#include "proof/snapshot_child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using std::chrono::steady_clock;

// Not in every libc's headers; the values are ABI.
constexpr long kCloseRange = 436;
constexpr long kSendSignal = 424;
constexpr unsigned long kClonePidfd = 0x1000;
constexpr std::chrono::milliseconds kQuestionInterval{50};
constexpr int kLastSignal = 64;
constexpr int kNice = 5;

/// Ends the answer, so that one that is cut short is noticed.
constexpr std::uint32_t kEndMark = 0x444e'4521;

class PipeSink final : public FindingSink {
 public:
  explicit PipeSink(int fd) noexcept : fd_(fd) {}

  bool totals(const ScanTotals& totals) noexcept override {
    return write_all(&totals, sizeof totals);
  }
  bool findings(std::span<const TaskFinding> findings) noexcept override {
    return write_all(findings.data(), findings.size_bytes());
  }
  void end() noexcept { write_all(&kEndMark, sizeof kEndMark); }

 private:
  bool write_all(const void* data, std::size_t bytes) noexcept {
    const auto* at = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t written = ::write(fd_, at, bytes);
      if (written < 0 && errno != EINTR) {
        return false;
      }
      at += std::max<ssize_t>(written, 0);
      bytes -= static_cast<std::size_t>(std::max<ssize_t>(written, 0));
    }
    return true;
  }

  int fd_;
};

/// Its sockets would stay open with ours, and a peer wait for their end.
bool close_all_but(int kept) noexcept {
  const auto fd = static_cast<unsigned>(kept);
  return (fd == 0 || ::syscall(kCloseRange, 0U, fd - 1, 0U) == 0) &&
         ::syscall(kCloseRange, fd + 1, ~0U, 0U) == 0;
}

/// A fault of ours is not one of the program: its handlers must not report it.
void reset_signals() noexcept {
  const std::array<std::uint64_t, 4> standard{};  // As the kernel has a sigaction.
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, standard.data(), nullptr, sizeof(std::uint64_t));
  }
}

void prefer_to_be_killed() noexcept {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    const ssize_t written = ::write(fd, "1000", 4);
    (void)written;  // Then memory is short for all alike.
    ::close(fd);
  }
}

}  // namespace

long raw_fork(int* pidfd) {
  // Not fork(): its hooks and locks are those of threads that stand still.
  const long pid = ::syscall(SYS_clone, kClonePidfd, nullptr, pidfd, nullptr, nullptr);
  return pid < 0 ? -errno : pid;
}

bool fork_spares_direct_io(std::string_view release) noexcept {
  const auto take = [&release] {
    unsigned value = 0;
    const char* const end = release.data() + release.size();
    const char* const next = std::from_chars(release.data(), end, value).ptr;
    release.remove_prefix(static_cast<std::size_t>(next - release.data()));
    release.remove_prefix(release.starts_with('.') ? 1 : 0);
    return value;
  };
  const unsigned version = take();
  return version > 6 || (version == 6 && take() >= 5);
}

bool fork_spares_direct_io() noexcept {
  utsname system{};
  return ::uname(&system) == 0 && fork_spares_direct_io(std::string_view(system.release));
}

SnapshotChild::~SnapshotChild() {
  end();
}

bool SnapshotChild::prepare() noexcept {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return false;
  }
  read_end_.reset(ends[0]);
  write_end_.reset(ends[1]);
  return true;
}

void SnapshotChild::run(const ScanInput& input) noexcept {
  reset_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_NAME, "xgops-proof", 0, 0, 0);
  const int pipe = write_end_.get();
  if (close_all_but(pipe)) {
    prefer_to_be_killed();
    ::syscall(SYS_setpriority, PRIO_PROCESS, 0, kNice);
    PipeSink sink(pipe);
    scan(input, sink);
    sink.end();
  }
  for (;;) {
    ::syscall(SYS_exit_group, 0);
  }
}

bool SnapshotChild::start(const ScanInput& input) noexcept {
  int pidfd = -1;
  const long pid = fork_(&pidfd);
  if (pid == 0) {
    run(input);
  }
  if (pid < 0) {
    errno = static_cast<int>(-pid);
    return false;
  }
  pid_ = static_cast<pid_t>(pid);
  process_.reset(pidfd);
  write_end_.reset();
  return true;
}

void SnapshotChild::end() noexcept {
  if (pid_ == 0) {
    return;
  }
  // By descriptor: should the program have waited for all of its children, the number may be
  // another process's by now.
  if (process_) {
    ::syscall(kSendSignal, process_.get(), SIGKILL, nullptr, 0);
  }
  reap();
}

void SnapshotChild::reap() noexcept {
  int status = 0;
  pid_t ended = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): of one child.
  while ((ended = ::waitpid(pid_, &status, __WALL)) < 0 && errno == EINTR) {
  }
  signal_ = ended == pid_ && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  pid_ = 0;
}

ChildOutcome SnapshotChild::finish(steady_clock::time_point deadline,
                                   const std::function<bool()>& cancelled, ScanTotals& totals,
                                   std::vector<TaskFinding>& findings) {
  std::vector<char> answer;
  std::array<char, 65'536> buffer{};
  for (;;) {
    const auto now = steady_clock::now();
    if (now >= deadline) {
      return ChildOutcome::kLate;
    }
    if (cancelled && cancelled()) {
      return ChildOutcome::kCancelled;
    }
    pollfd readable{read_end_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    const int ready =
        ::poll(&readable, 1, static_cast<int>(std::min(left, kQuestionInterval).count()));
    if (ready <= 0) {
      continue;
    }
    const ssize_t bytes = ::read(read_end_.get(), buffer.data(), buffer.size());
    if (bytes < 0 && errno == EINTR) {
      continue;
    }
    if (bytes <= 0) {
      break;
    }
    answer.insert(answer.end(), buffer.begin(), buffer.begin() + bytes);
  }
  if (parse(answer, totals, findings)) {
    return ChildOutcome::kDone;
  }
  if (pid_ != 0) {
    reap();
  }
  return ChildOutcome::kFailed;
}

bool SnapshotChild::parse(const std::vector<char>& answer, ScanTotals& totals,
                          std::vector<TaskFinding>& findings) {
  std::uint32_t mark = 0;
  if (answer.size() < sizeof totals + sizeof mark) {
    return false;
  }
  std::memcpy(&totals, answer.data(), sizeof totals);
  const std::size_t bytes = answer.size() - sizeof totals - sizeof mark;
  std::memcpy(&mark, answer.data() + answer.size() - sizeof mark, sizeof mark);
  if (mark != kEndMark || bytes != totals.findings * sizeof(TaskFinding)) {
    return false;
  }
  findings.resize(totals.findings);
  std::memcpy(findings.data(), answer.data() + sizeof totals, bytes);
  return true;
}

}  // namespace xgops::proof
