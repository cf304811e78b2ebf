// SPDX-License-Identifier: MIT
#include "threads/task_files.hpp"

#include "support/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using support::UniqueFd;

/// Takes the next blank-separated word off `text`.
std::string_view next_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t\n", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

template <class Number>
bool parse_number(std::string_view word, Number& value, int base = 10) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  return error == std::errc{} && end == word.data() + word.size();
}

bool parse_hex_word(std::string_view word, std::uint64_t& value) {
  if (word.starts_with("0x")) {
    word.remove_prefix(2);
  }
  return parse_number(word, value, 16);
}

/// The rest of the line that begins with `key`, without leading blanks.
std::string_view line_value(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; (at = text.find(key, at)) != std::string_view::npos; at += key.size()) {
    if (at == 0 || text[at - 1] == '\n') {
      std::string_view rest = text.substr(at + key.size());
      rest = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t:"), rest.size()));
      return rest;
    }
  }
  return {};
}

constexpr std::int64_t kLongestUptimeMs = 1LL << 42U;  // 139 years: beyond it the text is damaged.

}  // namespace

SystemCallFacts parse_system_call(std::string_view text) {
  SystemCallFacts facts;
  if (text.starts_with("running")) {
    facts.kind = SystemCallFacts::Kind::kRunning;
    return facts;
  }
  if (!parse_number(next_word(text), facts.number)) {
    return facts;
  }
  if (facts.number >= 0) {
    for (std::uint64_t& argument : facts.arguments) {
      if (!parse_hex_word(next_word(text), argument)) {
        return facts;
      }
    }
  }
  if (parse_hex_word(next_word(text), facts.stack_pointer) &&
      parse_hex_word(next_word(text), facts.instruction_pointer)) {
    facts.kind = facts.number >= 0 ? SystemCallFacts::Kind::kBlocked
                                   : SystemCallFacts::Kind::kBlockedElsewhere;
  }
  return facts;
}

std::optional<ScheduleFacts> parse_schedstat(std::string_view text) {
  ScheduleFacts facts;
  const std::string_view cpu = next_word(text);
  next_word(text);  // Time spent waiting for a CPU.
  const std::string_view times = next_word(text);
  if (!parse_number(cpu, facts.cpu_ns) || !parse_number(times, facts.times_scheduled)) {
    return std::nullopt;
  }
  return facts;
}

std::optional<SchedulerFacts> parse_sched(std::string_view text) {
  SchedulerFacts facts;
  // First `name (TID, #threads: N)`. The name may hold anything, line ends too, but is shorter than
  // the row of dashes that follows: look from that.
  const std::string_view first = text.substr(0, text.find("\n--------------------"));
  text.remove_prefix(first.size());
  const std::size_t mark = first.rfind(", #threads: ");
  const std::size_t open = mark == std::string_view::npos ? mark : first.rfind(" (", mark);
  if (open == std::string_view::npos) {
    return std::nullopt;
  }
  facts.name = std::string(first.substr(0, open));
  // Milliseconds with six decimals.
  std::string_view number = line_value(text, "se.exec_start");
  number = next_word(number);
  const std::size_t point = number.find('.');
  std::int64_t whole = 0;
  std::int64_t fraction = 0;
  if (point == std::string_view::npos || !parse_number(number.substr(0, point), whole) ||
      number.size() - point != 7 || whole < 0 || whole > kLongestUptimeMs ||
      !parse_number(number.substr(point + 1), fraction)) {
    return std::nullopt;
  }
  facts.last_ran_ns = whole * 1'000'000 + fraction;
  return facts;
}

std::optional<SignalFacts> parse_status(std::string_view text) {
  SignalFacts facts;
  if (!parse_number(line_value(text, "SigBlk:"), facts.blocked, 16)) {
    return std::nullopt;
  }
  parse_number(line_value(text, "SigCgt:"), facts.caught, 16);
  parse_number(line_value(text, "Seccomp:"), facts.seccomp);  // Absent without CONFIG_SECCOMP.
  parse_number(line_value(text, "Seccomp_filters:"), facts.seccomp_filters);
  return facts;
}

StatFacts parse_stat(std::string_view text) {
  StatFacts facts;
  // The command name may itself contain ") ", so the last parenthesis is the only safe delimiter
  // (proc(5), field 2).
  const std::size_t close = text.rfind(')');
  if (close == std::string_view::npos || close + 2 >= text.size()) {
    return facts;
  }
  facts.state = text[close + 2];
  text.remove_prefix(close + 2);
  constexpr int kFirst = 3;
  constexpr int kFlags = 9;
  constexpr int kStarted = 22;
  constexpr int kCpu = 39;
  constexpr std::uint64_t kTickNs = 10'000'000;  // USER_HZ is 100 on x86-64.
  constexpr std::uint64_t kMostTicks = std::numeric_limits<std::int64_t>::max() / kTickNs;
  for (int field = kFirst; field <= kCpu; ++field) {
    const std::string_view word = next_word(text);
    std::uint64_t ticks = 0;
    int cpu = 0;
    if (field == kFlags) {
      parse_number(word, facts.flags);
    } else if (field == kStarted && parse_number(word, ticks) && ticks <= kMostTicks) {
      facts.started_ns = ticks * kTickNs;
    } else if (field == kCpu && parse_number(word, cpu) && cpu >= 0) {
      facts.cpu = cpu;
    }
  }
  return facts;
}

KernelWorker kernel_worker_of(const StatFacts& stat, const SystemCallFacts& call) {
  constexpr std::uint64_t kIoWorker = 0x10;      // PF_IO_WORKER, Linux 5.12
  constexpr std::uint64_t kUserWorker = 0x4000;  // PF_USER_WORKER, Linux 6.4
  const bool ended = stat.state == 'Z' || stat.state == 'X';
  const bool has_stack = call.kind != SystemCallFacts::Kind::kRunning && call.stack_pointer != 0;
  if (ended || has_stack || (stat.flags & (kIoWorker | kUserWorker)) == 0) {
    return KernelWorker::kNone;
  }
  return (stat.flags & kIoWorker) != 0 ? KernelWorker::kIoUring : KernelWorker::kOther;
}

Result<std::vector<pid_t>> TaskFiles::list() const {
  const UniqueFd directory(::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) {
    return system_error(errno, "/proc/self/task");
  }
  std::vector<pid_t> tids;
  alignas(dirent64) std::array<char, std::size_t{32} * 1024> buffer{};
  for (;;) {
    const long bytes = ::syscall(SYS_getdents64, directory.get(), buffer.data(), buffer.size());
    if (bytes < 0) {
      return system_error(errno, "/proc/self/task");
    }
    if (bytes == 0) {
      break;
    }
    for (long at = 0; at < bytes;) {
      const char* record = buffer.data() + at;
      std::uint16_t record_bytes = 0;
      std::memcpy(&record_bytes, record + offsetof(dirent64, d_reclen), sizeof(record_bytes));
      pid_t tid = 0;
      if (parse_number(std::string_view(record + offsetof(dirent64, d_name)), tid)) {
        tids.push_back(tid);
      }
      at += record_bytes;
    }
  }
  std::sort(tids.begin(), tids.end());
  // A listing in several reads makes no promise about threads that come and go between them.
  tids.erase(std::unique(tids.begin(), tids.end()), tids.end());
  return tids;
}

int TaskFiles::open(pid_t tid, const char* name) const noexcept {
  // snprintf costs more than the open itself would in a loop over thousands of threads.
  std::array<char, 64> path{};
  char* end = std::to_chars(path.data(), path.data() + 16, tid).ptr;
  *end++ = '/';
  const std::size_t length = std::min(std::strlen(name), path.size() - 32);
  // The rest is zero.  NOLINTNEXTLINE(bugprone-not-null-terminated-result)
  std::memcpy(end, name, length);
  const int fd = ::openat(directory_, path.data(), O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

std::string_view TaskFiles::read(pid_t tid, const char* name,
                                 std::span<char> buffer) const noexcept {
  const int fd = open(tid, name);
  if (fd < 0) {
    errno = -fd;
    return {};
  }
  const ssize_t bytes = ::read(fd, buffer.data(), buffer.size());
  const int error = errno;
  ::close(fd);
  errno = error;
  return bytes <= 0 ? std::string_view{}
                    : std::string_view(buffer.data(), static_cast<std::size_t>(bytes));
}

Result<std::string> TaskFiles::read_all(pid_t tid, const char* name, std::size_t limit) const {
  const UniqueFd fd(open(tid, name));
  if (fd.get() < 0) {
    return system_error(-fd.get(), std::string("/proc/self/task/") + name);
  }
  std::string text;
  std::array<char, std::size_t{16} * 1024> buffer{};
  while (text.size() < limit) {
    const ssize_t bytes = ::read(fd.get(), buffer.data(), buffer.size());
    if (bytes < 0) {
      return system_error(errno, std::string("/proc/self/task/") + name);
    }
    if (bytes == 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(bytes));
  }
  return text;
}

std::string TaskFiles::read_link(pid_t tid, const std::string& name) const {
  std::array<char, 1024> target{};
  const std::string path = std::to_string(tid) + '/' + name;
  const ssize_t bytes = ::readlinkat(directory_, path.c_str(), target.data(), target.size());
  return bytes <= 0 ? std::string{} : std::string(target.data(), static_cast<std::size_t>(bytes));
}

std::uint32_t TaskFiles::file_type(pid_t tid, const std::string& name) const noexcept {
  const std::string path = std::to_string(tid) + '/' + name;
  struct stat status {};
  return ::fstatat(directory_, path.c_str(), &status, 0) == 0 ? status.st_mode & S_IFMT : 0;
}

bool TaskFiles::exists(pid_t tid) const noexcept {
  std::array<char, 16> path{};
  std::to_chars(path.data(), path.data() + path.size() - 1, tid);
  struct stat status {};
  return ::fstatat(directory_, path.data(), &status, 0) == 0;
}

}  // namespace xgops::threads
