// SPDX-License-Identifier: MIT
// Writing bytes where the user wants them, completely or with an error.
#include "support/output_file.hpp"

#include "support/failure.hpp"
#include "support/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

Error output_error(std::string_view name, int error_number) {
  return failure(Failure::kOutput, "cannot write " + std::string(name) + ": " +
                                       std::generic_category().message(error_number));
}

/// Where `path` leads, so that the new file replaces the one behind a symbolic link.
std::string real_target(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  return ::realpath(path.c_str(), buffer.data()) == nullptr ? path : std::string(buffer.data());
}

Result<void> write_in_place(const std::string& path, std::string_view data) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    return output_error(path, errno);
  }
  return write_all(fd.get(), data, path);
}

}  // namespace

Result<void> write_all(int fd, std::string_view data, std::string_view name) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      Error error = output_error(name, errno);
      if (errno == EPIPE) {
        // The reader has seen enough (`xgops stack | head`): main says nothing about that.
        error.code = std::make_error_code(std::errc::broken_pipe);
      }
      return error;
    }
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_file(const std::string& path, std::string_view data, FileAccess access) {
  const bool owner_only = access == FileAccess::kOwnerOnly;
  struct stat existing {};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  if (exists && S_ISDIR(existing.st_mode)) {
    return output_error(path, EISDIR);
  }
  if (exists && !S_ISREG(existing.st_mode)) {
    return write_in_place(path, data);
  }
  const std::string target = exists ? real_target(path) : path;
  // The PID makes the name ours; O_EXCL refuses what somebody else put there.
  const std::string temporary = target + ".xgops-" + std::to_string(::getpid());
  UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, owner_only ? 0600 : 0666));
  if (!fd) {
    return output_error(path, errno);
  }
  if (exists && !owner_only) {
    // Best effort: keep what the user had set on the file that is replaced.
    (void)::fchmod(fd.get(), existing.st_mode & 07777);
  }
  Result<void> written = write_all(fd.get(), data, path);
  // Network file systems report a full disk only here.
  if (::close(fd.release()) != 0 && errno != EINTR && written) {
    written = output_error(path, errno);
  }
  if (written && ::rename(temporary.c_str(), target.c_str()) != 0) {
    written = output_error(path, errno);
  }
  if (!written) {
    ::unlink(temporary.c_str());
  }
  return written;
}

}  // namespace xgops::cli
