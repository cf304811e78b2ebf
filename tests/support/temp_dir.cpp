// SPDX-License-Identifier: MIT
// Makes and removes temporary directories.
#include "support/temp_dir.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <stdlib.h>

namespace xgops::test {

TempDir::TempDir() {
  // Not $TMPDIR: a socket's path has at most 107 bytes, and build machines set very long ones.
  std::string pattern = "/tmp/xgops-test-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), pattern);
  }
  path_ = pattern;
}

TempDir::~TempDir() {
  remove();
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

void TempDir::remove() noexcept {
  if (!path_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    path_.clear();
  }
}

}  // namespace xgops::test
