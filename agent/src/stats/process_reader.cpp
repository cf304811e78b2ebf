// SPDX-License-Identifier: MIT
// Reading our own numbers from /proc and from system calls.
#include "stats/process_reader.hpp"

#include "stats/cgroup_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

namespace xgops::stats {
namespace {

Error bad_contents(const char* file) {
  return {std::make_error_code(std::errc::bad_message), file};
}

/// The numbers of a line, separated by spaces; what is no number counts as 0.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  std::string_view text() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    const std::string_view field = rest_.substr(0, rest_.find_first_of(" \n"));
    rest_.remove_prefix(field.size());
    return field;
  }
  template <class T>
  bool number(T& value) {
    const std::string_view field = text();
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    return error == std::errc{} && end == field.data() + field.size();
  }
  void skip(int count) {
    for (int i = 0; i < count; ++i) {
      text();
    }
  }

 private:
  std::string_view rest_;
};

std::chrono::nanoseconds read_clock(clockid_t clock) {
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) {
    return {};
  }
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

/// Calls `visit(name)` for each entry of a directory of numbers, such as /proc/self/fd, until it
/// returns false. Errors: the directory cannot be listed.
template <class Visitor>
Result<void> for_each_entry(const support::Directory& directory, const std::string& name,
                            Visitor visit) {
  const std::string path = directory.path + "/" + name;
  const int fd =
      ::openat(directory.fd ? directory.fd.get() : AT_FDCWD,
               directory.fd ? name.c_str() : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const DirectoryStream stream(fd >= 0 ? ::fdopendir(fd) : nullptr);
  if (!stream) {
    return system_error(errno, path);
  }
  // Only this thread uses readdir on this stream.
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe)
    if (entry->d_name[0] != '.' && !visit(static_cast<const char*>(entry->d_name))) {
      break;
    }
  }
  return {};
}

Result<std::uint32_t> count_entries(const support::Directory& directory, const std::string& name) {
  std::uint32_t count = 0;
  const auto listed = for_each_entry(directory, name, [&count](const char*) {
    ++count;
    return true;
  });
  if (!listed) {
    return listed.error();
  }
  return count;
}

int stat_entry(const support::Directory& directory, const std::string& name, struct stat& status) {
  return directory.fd ? ::fstatat(directory.fd.get(), name.c_str(), &status, 0)
                      : ::stat((directory.path + "/" + name).c_str(), &status);
}

}  // namespace

Result<ProcessStat> parse_stat(std::string_view text) {
  ProcessStat stat;
  const std::size_t open = text.find('(');
  // The name may itself contain ") ", so the last parenthesis is the only safe end (proc(5)).
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
      !Fields(text.substr(0, open)).number(stat.pid)) {
    return bad_contents("/proc/self/stat");
  }
  stat.name = text.substr(open + 1, close - open - 1);
  Fields fields(text.substr(close + 1));
  fields.skip(1);  // The state; field 4 comes next.
  const bool has_parent = fields.number(stat.parent_pid);
  fields.skip(17);
  if (!has_parent || !fields.number(stat.start_time_ticks)) {
    return bad_contents("/proc/self/stat");
  }
  return stat;
}

Result<MemoryUse> parse_statm(std::string_view text, std::uint64_t page_bytes) {
  Fields fields(text);
  std::uint64_t virtual_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!fields.number(virtual_pages) || !fields.number(resident_pages)) {
    return bad_contents("/proc/self/statm");
  }
  return MemoryUse{.rss_bytes = resident_pages * page_bytes,
                   .virtual_bytes = virtual_pages * page_bytes};
}

std::vector<std::string> parse_arguments(std::string_view text, std::size_t max_bytes) {
  std::vector<std::string> arguments;
  text = text.substr(0, max_bytes);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arguments;
}

std::chrono::nanoseconds uptime(std::uint64_t start_time_ticks) {
  const auto ticks_per_second = static_cast<std::uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L));
  const auto started = std::chrono::seconds(start_time_ticks / ticks_per_second) +
                       std::chrono::nanoseconds(start_time_ticks % ticks_per_second *
                                                1'000'000'000 / ticks_per_second);
  // Boot time goes on while the machine sleeps, as the start time does.
  return std::max(read_clock(CLOCK_BOOTTIME) - started, std::chrono::nanoseconds(0));
}

Result<ProcDirectories> ProcDirectories::open(support::FdTable table) {
  ProcDirectories directories{.process = {{}, "/proc/self"},
                              .thread = {{}, "/proc/thread-self"},
                              .cgroup = {{}, "/sys/fs/cgroup"},
                              .tasks = {}};
  directories.tasks = support::GuardedFd(
      support::UniqueFd(::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC)), table);
  if (!directories.tasks) {
    return system_error(errno, "/proc/self/task", "the agent needs a mounted /proc");
  }
  if (table == support::FdTable::kPrivate) {
    for (support::Directory* const directory :
         {&directories.process, &directories.thread, &directories.cgroup}) {
      if (auto opened = support::open_directory(directory->path)) {
        *directory = std::move(*opened);
      }
    }
  }
  return directories;
}

ProcessReader::ProcessReader(ProcDirectories directories)
    : directories_(std::make_unique<const ProcDirectories>(std::move(directories))),
      memory_file_(directories_->process, "statm"),
      quota_(directories_->cgroup, directories_->process) {}

Result<ProcessStat> ProcessReader::stat() const {
  const auto text = support::read_text(directories_->process, "stat");
  if (!text) {
    return text.error();
  }
  return parse_stat(text.value());
}

Result<MemoryUse> ProcessReader::memory() {
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto text = memory_file_.read();
  if (!text) {
    return text.error();
  }
  auto use = parse_statm(text.value(), page_bytes);
  if (!use || use.value().virtual_bytes > 0) {
    return use;
  }
  // The main thread has ended and let go of the memory; ours has not.
  const auto own_text = support::read_text(directories_->thread, "statm");
  return own_text ? parse_statm(own_text.value(), page_bytes) : own_text.error();
}

std::optional<std::uint64_t> ProcessReader::memory_left() const {
  return stats::memory_left(directories_->cgroup, directories_->process);
}

Result<std::uint32_t> ProcessReader::thread_count() const {
  struct stat status {};
  if (stat_entry(directories_->process, "task", status) != 0) {
    return system_error(errno, "/proc/self/task");
  }
  // One link for each thread, one for "." and one for "..". Reading stat would cost a walk over
  // all threads.
  return static_cast<std::uint32_t>(status.st_nlink > 2 ? status.st_nlink - 2 : 1);
}

Result<std::uint32_t> ProcessReader::open_fds() const {
  struct stat status {};
  // Since Linux 6.2 the size of the directory is the number of descriptors.
  if (stat_entry(directories_->process, "fd", status) == 0 && status.st_size > 0) {
    return static_cast<std::uint32_t>(status.st_size);
  }
  if (auto count = count_entries(directories_->process, "fd"); count && count.value() > 0) {
    return count;
  }
  // A main thread that has ended has no table; any other thread but ours shows the program's.
  const std::string self = std::to_string(::gettid());
  Result<std::uint32_t> count = 0U;
  const auto listed = for_each_entry(directories_->process, "task", [&](const char* tid) {
    if (tid != self) {
      count = count_entries(directories_->process, std::string("task/") + tid + "/fd");
    }
    return !count || count.value() == 0;
  });
  return listed ? count : listed.error();
}

Result<std::string> ProcessReader::executable() const {
  // By the process unless its main thread has ended, as with memory.
  for (const support::Directory* const directory :
       {&directories_->process, &directories_->thread}) {
    std::array<char, 4096> path{};
    const ssize_t length =
        directory->fd ? ::readlinkat(directory->fd.get(), "exe", path.data(), path.size())
                      : ::readlink((directory->path + "/exe").c_str(), path.data(), path.size());
    if (length > 0) {
      return std::string(path.data(), static_cast<std::size_t>(length));
    }
  }
  return system_error(errno, directories_->process.path + "/exe");
}

Result<std::vector<std::string>> ProcessReader::arguments(std::size_t max_bytes) const {
  auto text = support::read_text(directories_->process, "cmdline");
  if (text && text.value().empty()) {
    text = support::read_text(directories_->thread, "cmdline");
  }
  if (!text) {
    return text.error();
  }
  return parse_arguments(text.value(), max_bytes);
}

std::array<std::uint32_t, 3> ProcessReader::load_millis() {
  struct sysinfo info {};
  std::array<std::uint32_t, 3> loads{};
  if (::sysinfo(&info) == 0) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
      loads.at(i) = static_cast<std::uint32_t>(info.loads[i] * 1000 / (1U << SI_LOAD_SHIFT));
    }
  }
  return loads;
}

std::uint32_t ProcessReader::cpu_count() {
  // The mask of the main thread: ours is that of whoever started us. A main thread that has ended
  // has none. Sets of up to 8,192 CPUs, the most that Linux supports.
  std::array<cpu_set_t, 8> cpus{};
  for (const pid_t thread : {::getpid(), 0}) {
    if (::sched_getaffinity(thread, sizeof cpus, cpus.data()) == 0) {
      return std::max(static_cast<std::uint32_t>(CPU_COUNT_S(sizeof cpus, cpus.data())), 1U);
    }
  }
  return 1;
}

std::chrono::nanoseconds ProcessReader::cpu_time() {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

std::uint64_t ProcessReader::fd_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace xgops::stats
