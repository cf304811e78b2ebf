// SPDX-License-Identifier: MIT
// A directory that lives as long as its object.
#pragma once

#include <filesystem>

namespace xgops::test {

/// A new directory, mode 0700, removed with everything in it on destruction. Its path is short
/// enough for a Unix socket inside.
class TempDir {
 public:
  /// Throws `std::system_error` when it cannot be made.
  TempDir();
  ~TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void remove() noexcept;

  std::filesystem::path path_;
};

}  // namespace xgops::test
