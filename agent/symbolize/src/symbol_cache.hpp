// SPDX-License-Identifier: MIT
// Answers of earlier runs, one file per build-id: a second look at a program opens no debug file.
#pragma once

#include "build_id.hpp"
#include "unique_fd.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xgops::symbolize {

/// An address in a file and whether it is exact: both matter for the answer.
struct Query {
  std::uint64_t address = 0;
  bool exact = false;

  bool operator==(const Query&) const = default;
};

struct QueryHash {
  std::size_t operator()(const Query& query) const noexcept {
    return std::hash<std::uint64_t>{}(query.address) * 2 + (query.exact ? 1 : 0);
  }
};

using Answers = std::unordered_map<Query, std::vector<Symbol>, QueryHash>;

/// Reads and writes `DIRECTORY/BUILDID`. The directory is made with mode 0700 and must belong to
/// this user and nobody else; anything unexpected makes the cache empty, never an error: names are
/// found without it.
class SymbolCache {
 public:
  /// `directory` may be empty: no cache.
  explicit SymbolCache(std::string directory) : directory_(std::move(directory)) {}

  /// What was stored for the file, if it was stored under the same `fingerprint`: whatever else
  /// than the file decides about names, such as options and separate debug files.
  [[nodiscard]] Answers load(const BuildId& build_id, std::uint64_t fingerprint) const;

  /// Replaces what is stored for the file, in one step. Files beyond `kMaxFiles` are removed,
  /// oldest first.
  void store(const BuildId& build_id, std::uint64_t fingerprint, const Answers& answers) const;

  static constexpr std::size_t kMaxFiles = 256;
  static constexpr std::size_t kMaxFileBytes = 4U << 20U;

 private:
  /// The directory, made first when asked to; no descriptor when it is not to be trusted.
  [[nodiscard]] UniqueFd open_directory(bool create) const;

  std::string directory_;
};

}  // namespace xgops::symbolize
