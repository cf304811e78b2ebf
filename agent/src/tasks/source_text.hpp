// SPDX-License-Identifier: MIT
// Texts that lie in the host's static data, by address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace xgops::tasks {

/// Most bytes that are read of one text; a longer one is cut.
inline constexpr std::size_t kMaxTextBytes = 4096;

/// The text at `address`, which may lead nowhere: "" then. Ends at a zero, or after `most` bytes.
[[nodiscard]] std::string text_at(std::uint64_t address, std::size_t most = kMaxTextBytes);

struct SourcePlace {
  std::string file;      ///< "" when it is not known.
  std::string function;  ///< As the compiler wrote it.
  std::uint32_t line = 0;
};

/// What the words of a `CodeLocation` say. The module that they point into may be gone.
[[nodiscard]] SourcePlace place_at(std::uint64_t location, std::uint64_t function);

}  // namespace xgops::tasks
