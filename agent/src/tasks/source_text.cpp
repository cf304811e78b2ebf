// SPDX-License-Identifier: MIT
#include "tasks/source_text.hpp"

#include "support/own_memory.hpp"
#include "tasks/raw_records.hpp"

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
  const PlaceAddresses place = place_addresses(location, function, support::copy_own_memory);
  return {text_at(place.file), text_at(place.function), place.line};
}

}  // namespace xgops::tasks
