// SPDX-License-Identifier: MIT
#include "tasks/source_text.hpp"

#include "support/own_memory.hpp"
#include "xgops/code_location.hpp"

#include <algorithm>
#include <array>

namespace xgops::tasks {

std::string text_at(std::uint64_t address, std::size_t most) {
  std::string text;
  if (address == 0) {
    return text;
  }
  most = std::min(most, kMaxTextBytes);
  std::array<char, 256> piece{};
  while (text.size() < most) {
    const std::size_t wanted = std::min(piece.size(), most - text.size());
    const std::size_t copied =
        support::copy_own_memory(address + text.size(), piece.data(), wanted);
    const auto end = std::find(piece.begin(), piece.begin() + copied, '\0');
    text.append(piece.begin(), end);
    if (copied < wanted || end != piece.begin() + copied) {
      break;
    }
  }
  return text;
}

SourcePlace place_at(std::uint64_t location, std::uint64_t function) {
  SourcePlace place;
  const std::uint64_t line = location >> CodeLocation::kLineShift;
  if (line != 0) {
    place.file = text_at(location & ((std::uint64_t{1} << CodeLocation::kLineShift) - 1));
    place.function = text_at(function);
    place.line = static_cast<std::uint32_t>(line);
    return place;
  }
  // As libstdc++ and libc++ lay out std::source_location::__impl.
  struct {
    std::uint64_t file;
    std::uint64_t function;
    std::uint32_t line;
    std::uint32_t column;
  } record{};
  if (location == 0 ||
      support::copy_own_memory(location, &record, sizeof record) != sizeof record) {
    return place;
  }
  place.file = text_at(record.file);
  place.function = text_at(record.function);
  place.line = record.line;
  return place;
}

}  // namespace xgops::tasks
