// SPDX-License-Identifier: MIT
// The files of a process, seen as it sees them: its mappings, its executable, its root directory.
#pragma once

#include "unique_fd.hpp"
#include "xgops/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::symbolize {

/// Opens files by way of /proc/PID. Nothing is opened before the first call.
class TargetFiles {
 public:
  /// `pid` 0: no process; only `open_here` finds anything.
  explicit TargetFiles(std::int32_t pid) noexcept : pid_(pid) {}

  /// The file mapped somewhere in [begin, end), whatever became of its name. Needs
  /// CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
  Result<UniqueFd> open_mapping(std::uint64_t begin, std::uint64_t end);
  /// The executable, whatever became of its name.
  Result<UniqueFd> open_executable();
  /// Whether the mapping in [begin, end) is of the executable, by its inode or its path.
  bool is_executable(std::uint64_t begin, std::uint64_t end, const std::string& path);
  /// A file by its path in the root directory and mount namespace of the process. Symbolic links
  /// stay inside.
  Result<UniqueFd> open_there(const std::string& path);
  /// A file by its path as this process sees it.
  Result<UniqueFd> open_here(const std::string& path);
  /// Whether `open_there` and `open_here` may find different files.
  bool has_other_root();

  /// Copies memory of the process.
  Result<std::vector<std::uint8_t>> read_memory(std::uint64_t begin, std::uint64_t size);

  /// The PID that the process has in the innermost PID namespace, which it uses in file names.
  std::int32_t pid_there();
  /// Its effective user.
  std::optional<uid_t> user();

  [[nodiscard]] bool has_process() const noexcept { return pid_ > 0; }

 private:
  struct Mapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t inode = 0;
  };

  Result<int> directory();
  std::optional<Mapping> file_mapping(std::uint64_t begin, std::uint64_t end);
  void read_mappings();
  std::string read_status_field(const std::string& field);

  std::int32_t pid_;
  UniqueFd directory_;  ///< /proc/PID, which stays this process even when the PID is used again.
  UniqueFd root_;
  std::optional<bool> other_root_;
  std::vector<Mapping> mappings_;
};

}  // namespace xgops::symbolize
