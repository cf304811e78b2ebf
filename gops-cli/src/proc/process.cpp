// SPDX-License-Identifier: MIT
// Facts about processes, read from /proc.
#include "proc/process.hpp"

#include "proc/files.hpp"
#include "proc/words.hpp"
#include "support/parse.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <utility>

#include <dirent.h>

namespace xgops::cli::proc {
namespace {

constexpr std::uint64_t kKernelThreadFlag = 0x00200000;  // PF_KTHREAD
constexpr std::size_t kMaxEnvironmentBytes = std::size_t{2} * 1024 * 1024;

template <class Integer>
Integer number_or_zero(std::string_view word) {
  return parse_integer<Integer>(word).value_or(0);
}

}  // namespace

std::optional<Stat> parse_stat(std::string_view text) {
  // The name may itself contain ") ", so the last parenthesis is the only safe delimiter (proc(5)).
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  Stat stat;
  stat.name = text.substr(open + 1, close - open - 1);
  std::array<std::string_view, 20> fields;  // proc(5) numbers these 3 to 22.
  text.remove_prefix(close + 1);
  for (std::string_view& field : fields) {
    field = next_word(text);
  }
  if (fields[0].size() != 1 || fields[19].empty()) {
    return std::nullopt;
  }
  stat.state = fields[0].front();
  stat.parent_pid = number_or_zero<pid_t>(fields[1]);
  stat.kernel_thread = (number_or_zero<std::uint64_t>(fields[6]) & kKernelThreadFlag) != 0;
  stat.threads = number_or_zero<std::uint32_t>(fields[17]);
  stat.start_time_ticks = number_or_zero<std::uint64_t>(fields[19]);
  return stat;
}

std::optional<Status> parse_status(std::string_view text) {
  Status status;
  bool has_uid = false;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string_view key = next_word(line);
    if (key == "Tgid:") {
      status.process_id = number_or_zero<pid_t>(next_word(line));
    } else if (key == "Uid:") {
      next_word(line);  // Real; the effective one follows.
      const auto uid = parse_integer<uid_t>(next_word(line));
      has_uid = uid.has_value();
      status.uid = uid.value_or(0);
    } else if (key == "NSpid:") {
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
        status.namespace_pids.push_back(number_or_zero<pid_t>(word));
      }
    }
  }
  if (status.process_id == 0 || !has_uid) {
    return std::nullopt;
  }
  return status;
}

std::vector<std::string> parse_listening_sockets(std::string_view text) {
  constexpr std::uint32_t kListening = 0x00010000;  // __SO_ACCEPTCON
  std::vector<std::string> paths;
  next_line(text);  // The heading.
  while (!text.empty()) {
    std::string_view line = next_line(text);
    // Num RefCount Protocol Flags Type St Inode Path
    std::array<std::string_view, 7> words;
    for (std::string_view& word : words) {
      word = next_word(line);
    }
    const auto flags = parse_integer<std::uint32_t>(words[3], 16);
    if (!line.empty()) {
      line.remove_prefix(1);  // One blank; further ones belong to the path.
    }
    if (flags && (*flags & kListening) != 0 && line.starts_with('/')) {
      paths.emplace_back(line);
    }
  }
  return paths;
}

std::optional<uid_t> map_uid(std::string_view uid_map, uid_t outside) {
  while (!uid_map.empty()) {
    std::string_view line = next_line(uid_map);
    const auto inside_begin = parse_integer<uid_t>(next_word(line));
    const auto outside_begin = parse_integer<uid_t>(next_word(line));
    const auto count = parse_integer<uid_t>(next_word(line));
    if (inside_begin && outside_begin && count && outside >= *outside_begin &&
        outside - *outside_begin < *count) {
      return *inside_begin + (outside - *outside_begin);
    }
  }
  return std::nullopt;
}

std::string Table::path(pid_t pid, std::string_view file) const {
  std::string path = root_;
  path += '/';
  path += std::to_string(pid);
  path += '/';
  path += file;
  return path;
}

std::vector<pid_t> Table::pids() const {
  const auto close_directory = [](DIR* directory) { ::closedir(directory); };
  const std::unique_ptr<DIR, decltype(close_directory)> directory(::opendir(root_.c_str()),
                                                                  close_directory);
  std::vector<pid_t> pids;
  if (directory == nullptr) {
    return pids;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread uses this stream.
  while (const dirent* const entry = ::readdir(directory.get())) {
    if (const auto pid = parse_integer<pid_t>(std::string_view(entry->d_name))) {
      pids.push_back(*pid);
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

Result<Stat> Table::stat(pid_t pid) const {
  const std::string name = path(pid, "stat");
  const auto text = read_file(name);
  if (!text) {
    return text.error();
  }
  auto stat = parse_stat(*text);
  if (!stat) {
    // A process that ends while it is read leaves an empty file.
    return system_error(ESRCH, name);
  }
  return *std::move(stat);
}

Result<Status> Table::status(pid_t pid) const {
  const std::string name = path(pid, "status");
  const auto text = read_file(name);
  if (!text) {
    return text.error();
  }
  auto status = parse_status(*text);
  if (!status) {
    return system_error(ESRCH, name);
  }
  return *std::move(status);
}

std::string Table::executable(pid_t pid) const {
  auto link = read_link(path(pid, "exe"));
  return link ? *std::move(link) : std::string();
}

std::optional<std::string> Table::environment(pid_t pid, std::string_view name) const {
  const auto text = read_file(path(pid, "environ"), kMaxEnvironmentBytes);
  if (!text) {
    return std::nullopt;
  }
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view entry = rest.substr(0, end);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string(entry.substr(name.size() + 1));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

std::uint64_t Table::uptime_ns() const {
  // The clock that stat's start time counts in.
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::vector<std::string> Table::listening_socket_paths() const {
  const auto text = read_file(root_ + "/net/unix");
  return text ? parse_listening_sockets(*text) : std::vector<std::string>();
}

}  // namespace xgops::cli::proc
