// SPDX-License-Identifier: MIT
// Opening files through /proc/PID.
#include "target_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace xgops::symbolize {

namespace {

// Neither a pipe nor a terminal in a file's place may make us wait.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr std::size_t kMaxProcFileBytes = 16U << 20U;

Result<UniqueFd> checked_regular(int fd, const std::string& name) {
  if (fd < 0) {
    return system_error(errno, name);
  }
  UniqueFd file(fd);
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return system_error(errno, name);
  }
  if (!S_ISREG(status.st_mode)) {
    return system_error(EINVAL, name);
  }
  return file;
}

std::string read_all(int directory, const char* name) {
  std::string text;
  const UniqueFd file(::openat(directory, name, O_RDONLY | O_CLOEXEC));
  std::array<char, 16384> buffer;
  while (file && text.size() < kMaxProcFileBytes) {
    const auto size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

std::string read_link(int directory, const char* name) {
  std::array<char, 4096> buffer;
  const auto size = ::readlinkat(directory, name, buffer.data(), buffer.size());
  return size <= 0 ? std::string{} : std::string(buffer.data(), static_cast<std::size_t>(size));
}

/// Reads a number at the beginning of `text` and removes it and the separator behind it.
std::uint64_t take_number(std::string_view& text, int base) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  text.remove_prefix(std::min(static_cast<std::size_t>(parsed.ptr - text.data()) + 1, text.size()));
  return value;
}

void skip_word(std::string_view& text) {
  const auto space = text.find(' ');
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
}

std::string to_hex(std::uint64_t value) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return {digits.data(), end};
}

}  // namespace

Result<int> TargetFiles::directory() {
  if (pid_ <= 0) {
    return system_error(ESRCH, "no process");
  }
  if (!directory_) {
    const std::string path = "/proc/" + std::to_string(pid_);
    directory_ = UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory_) {
      return system_error(errno, path);
    }
  }
  return directory_.get();
}

void TargetFiles::read_mappings() {
  mappings_.clear();
  const auto proc = directory();
  if (!proc) {
    return;
  }
  const std::string text = read_all(*proc, "maps");
  for (std::string_view rest = text; !rest.empty();) {
    const auto line_end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(std::min(line_end + 1, rest.size()));
    Mapping mapping;  // "begin-end permissions offset device inode path", proc(5)
    mapping.begin = take_number(line, 16);
    mapping.end = take_number(line, 16);
    skip_word(line);
    skip_word(line);
    skip_word(line);
    mapping.inode = take_number(line, 10);
    if (mapping.inode != 0) {
      mappings_.push_back(mapping);
    }
  }
}

std::optional<TargetFiles::Mapping> TargetFiles::file_mapping(std::uint64_t begin,
                                                              std::uint64_t end) {
  for (const bool again : {false, true}) {
    if (again || mappings_.empty()) {
      read_mappings();  // Again when not found: the module may have been loaded since.
    }
    const auto found = std::find_if(
        mappings_.begin(), mappings_.end(),
        [&](const Mapping& mapping) { return mapping.begin >= begin && mapping.begin < end; });
    if (found != mappings_.end()) {
      return *found;
    }
  }
  return std::nullopt;
}

Result<UniqueFd> TargetFiles::open_mapping(std::uint64_t begin, std::uint64_t end) {
  const auto proc = directory();
  if (!proc) {
    return proc.error();
  }
  const auto mapping = file_mapping(begin, end);
  if (!mapping) {
    return system_error(ENOENT, "map_files");
  }
  const std::string name = "map_files/" + to_hex(mapping->begin) + "-" + to_hex(mapping->end);
  return checked_regular(::openat(*proc, name.c_str(), kOpenFlags), name);
}

Result<UniqueFd> TargetFiles::open_executable() {
  const auto proc = directory();
  if (!proc) {
    return proc.error();
  }
  return checked_regular(::openat(*proc, "exe", kOpenFlags), "exe");
}

bool TargetFiles::is_executable(std::uint64_t begin, std::uint64_t end, const std::string& path) {
  const auto proc = directory();
  if (!proc) {
    return false;
  }
  struct stat status = {};
  const auto mapping = file_mapping(begin, end);
  if (mapping && ::fstatat(*proc, "exe", &status, 0) == 0 && status.st_ino == mapping->inode) {
    return true;
  }
  const std::string link = read_link(*proc, "exe");
  return !path.empty() && (link == path || link == path + " (deleted)");
}

Result<UniqueFd> TargetFiles::open_there(const std::string& path) {
  const auto proc = directory();
  if (!proc) {
    return proc.error();
  }
  if (path.empty() || path.front() != '/') {
    return system_error(ENOENT, path);
  }
  if (!root_) {
    root_ = UniqueFd(::openat(*proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root_) {
      return system_error(errno, path);
    }
  }
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(kOpenFlags);
  // Otherwise an absolute symbolic link in a container would lead to a file of ours.
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
    // A kernel before 5.6, or a filter that does not know the call.
    return checked_regular(::openat(root_.get(), path.c_str() + 1, kOpenFlags), path);
  }
  return checked_regular(static_cast<int>(fd), path);
}

Result<UniqueFd> TargetFiles::open_here(const std::string& path) {
  return checked_regular(::open(path.c_str(), kOpenFlags), path);
}

bool TargetFiles::has_other_root() {
  if (!other_root_) {
    other_root_ = false;
    const auto proc = directory();
    if (proc) {
      struct stat ours = {};
      struct stat theirs = {};
      const bool same_directory = ::stat("/", &ours) == 0 &&
                                  ::fstatat(*proc, "root", &theirs, 0) == 0 &&
                                  ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
      const std::string mounts = read_link(*proc, "ns/mnt");
      other_root_ =
          !same_directory || mounts.empty() || mounts != read_link(AT_FDCWD, "/proc/self/ns/mnt");
    }
  }
  return *other_root_;
}

Result<std::vector<std::uint8_t>> TargetFiles::read_memory(std::uint64_t begin,
                                                           std::uint64_t size) {
  const auto proc = directory();
  if (!proc) {
    return proc.error();
  }
  const UniqueFd memory(::openat(*proc, "mem", O_RDONLY | O_CLOEXEC));
  if (!memory) {
    return system_error(errno, "mem");
  }
  std::vector<std::uint8_t> bytes(size);
  const auto read = ::pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(begin));
  if (read <= 0) {
    return system_error(read < 0 ? errno : EIO, "mem");
  }
  bytes.resize(static_cast<std::size_t>(read));
  return bytes;
}

std::string TargetFiles::read_status_field(const std::string& field) {
  const auto proc = directory();
  if (!proc) {
    return {};
  }
  const std::string text = read_all(*proc, "status");
  const std::string label = "\n" + field + ":\t";
  const auto begin = text.find(label);
  if (begin == std::string::npos) {
    return {};
  }
  const auto value = begin + label.size();
  return text.substr(value, text.find('\n', value) - value);
}

std::int32_t TargetFiles::pid_there() {
  const std::string pids = read_status_field("NSpid");
  std::string_view last = pids;
  last.remove_prefix(std::min(last.find_last_of('\t') + 1, last.size()));
  std::int32_t pid = 0;
  std::from_chars(last.data(), last.data() + last.size(), pid);
  return pid > 0 ? pid : pid_;
}

std::optional<uid_t> TargetFiles::user() {
  const std::string ids = read_status_field("Uid");  // "real effective saved filesystem"
  const auto tab = ids.find('\t');
  uid_t user = 0;
  if (tab == std::string::npos ||
      std::from_chars(ids.data() + tab + 1, ids.data() + ids.size(), user).ec != std::errc{}) {
    return std::nullopt;
  }
  return user;
}

}  // namespace xgops::symbolize
