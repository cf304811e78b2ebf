// SPDX-License-Identifier: MIT
// Programs on disk: finding one like a shell does, and whether LD_PRELOAD works on it.
#include "proc/program.hpp"

#include "support/failure.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace xgops::cli::proc {
namespace {

constexpr std::string_view kLink = "link it with xgops::agent, or start it anyway with --force";
constexpr std::size_t kMaxProgramHeaders = 4096;
constexpr std::size_t kMaxScriptLine = 256;  // What the kernel reads of a script's first line.
constexpr int kMaxScriptDepth = 4;

bool read_exactly(int fd, void* data, std::size_t bytes, std::uint64_t offset) {
  return ::pread(fd, data, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

/// The path in PT_INTERP; empty for a static program; nothing when the file is damaged.
std::optional<std::string> interpreter_of(int fd, const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMaxProgramHeaders) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!read_exactly(fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment))) {
      return std::nullopt;
    }
    if (segment.p_type == PT_INTERP) {
      std::string path(std::min<std::uint64_t>(segment.p_filesz, PATH_MAX), '\0');
      if (!read_exactly(fd, path.data(), path.size(), segment.p_offset)) {
        return std::nullopt;
      }
      path.resize(std::strlen(path.c_str()));
      return path;
    }
  }
  return std::string();
}

/// The interpreter that a script's first line names; empty when it is no script.
std::string script_interpreter(int fd) {
  std::array<char, kMaxScriptLine> line{};
  const ssize_t got = ::pread(fd, line.data(), line.size(), 0);
  std::string_view text(line.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (!text.starts_with("#!")) {
    return {};
  }
  text = text.substr(0, text.find('\n')).substr(2);
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return std::string(text.substr(0, text.find_first_of(" \t")));
}

Error not_preloadable(const std::string& path, std::string_view why) {
  return failure(Failure::kProgram,
                 path + " cannot run with a preloaded agent: " + std::string(why),
                 std::string(kLink));
}

/// AT_SECURE: the loader ignores LD_PRELOAD where the program gains rights.
bool gains_rights(int fd, const struct stat& status, uid_t uid) {
  const bool set_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != uid;
  const bool set_group = (status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 &&
                         status.st_gid != ::getegid();
  const bool capabilities = uid != 0 && ::fgetxattr(fd, "security.capability", nullptr, 0) > 0;
  return set_user || set_group || capabilities;
}

Result<void> check_elf(const std::string& path, int fd, const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    return not_preloadable(path, "it is not an x86-64 program");
  }
  const auto interpreter = interpreter_of(fd, header);
  if (!interpreter) {
    return not_preloadable(path, "its ELF headers are damaged");
  }
  if (interpreter->empty()) {
    return not_preloadable(path, "it is statically linked");
  }
  if (interpreter->find("ld-linux") == std::string::npos) {
    return not_preloadable(path, "its C library is not glibc (its loader is " + *interpreter + ")");
  }
  return {};
}

Result<void> check_file(const std::string& path, uid_t uid, int depth) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    if (errno == EACCES) {
      return {};  // Executable but not readable: nothing to be said about it.
    }
    return failure(Failure::kProgram,
                   "cannot run " + path + ": " + std::generic_category().message(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return failure(Failure::kProgram, "cannot run " + path + ": it is not a file");
  }
  Elf64_Ehdr header{};
  const bool is_elf =
      read_exactly(fd.get(), &header, sizeof(header), 0) &&
      std::memcmp(static_cast<const unsigned char*>(header.e_ident), ELFMAG, SELFMAG) == 0;
  if (!is_elf) {
    const std::string interpreter = script_interpreter(fd.get());
    if (interpreter.empty() || depth >= kMaxScriptDepth) {
      return failure(Failure::kProgram,
                     "cannot run " + path + ": it is neither an ELF program nor a script");
    }
    return check_file(interpreter, uid, depth + 1);
  }
  if (gains_rights(fd.get(), status, uid)) {
    return not_preloadable(path, "it gains rights when it starts (setuid, setgid or capabilities)");
  }
  return check_elf(path, fd.get(), header);
}

bool is_executable_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<std::string> find_program(const std::string& name, std::string_view search_path) {
  bool denied = false;
  const auto usable = [&](const std::string& path) {
    if (is_executable_file(path)) {
      return true;
    }
    denied = denied || ::access(path.c_str(), F_OK) == 0;
    return false;
  };
  if (name.find('/') != std::string::npos) {
    if (usable(name)) {
      return name;
    }
  } else {
    for (std::size_t begin = 0; begin <= search_path.size();) {
      const std::size_t end = std::min(search_path.find(':', begin), search_path.size());
      const std::string folder(search_path.substr(begin, end - begin));
      std::string path = (folder.empty() ? "." : folder) + "/" + name;
      if (usable(path)) {
        return path;
      }
      begin = end + 1;
    }
  }
  if (denied) {
    return failure(Failure::kPermission, "cannot run " + name + ": it is not an executable file");
  }
  return failure(Failure::kProgram, "cannot run " + name + ": there is no such program");
}

Result<void> check_preloadable(const std::string& path, uid_t uid) {
  return check_file(path, uid, 0);
}

}  // namespace xgops::cli::proc
