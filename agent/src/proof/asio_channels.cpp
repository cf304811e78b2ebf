// SPDX-License-Identifier: MIT
#include "proof/asio_channels.hpp"

#include "proof/raw_memory.hpp"
#include "support/own_memory.hpp"

#include <array>
#include <cstddef>

namespace xgops::proof {
namespace {

constexpr std::size_t kMostChannels = std::size_t{1} << 24;

/// asio::experimental::basic_channel up to where its implementation is in the list.
struct Channel {
  std::uint64_t service;
  // channel_service::base_implementation_type
  std::uint64_t states;
  std::uint64_t most_buffered;
  std::array<std::uint64_t, 2> waiters;
  std::uint64_t next;
  std::uint64_t previous;
};
constexpr std::uint64_t kImplementation = offsetof(Channel, states);
constexpr std::uint64_t kNext = offsetof(Channel, next) - kImplementation;
constexpr std::uint64_t kPrevious = offsetof(Channel, previous) - kImplementation;

bool read(std::uint64_t implementation, Channel& channel) noexcept {
  return implementation % 8 == 0 && implementation > kImplementation &&
         support::copy_own_memory(implementation - kImplementation, &channel, sizeof channel) ==
             sizeof channel;
}

/// The only word of `block` that is `word`; 0: there is none, or several.
std::uint64_t only_word(const Block& block, std::uint64_t word) noexcept {
  std::uint64_t found = 0;
  for (std::uint64_t at = block.begin; at + 8 <= block.end; at += 8) {
    if (word_at(at) == word) {
      if (found != 0) {
        return 0;
      }
      found = at;
    }
  }
  return found;
}

}  // namespace

bool cut_channel_list(std::uint64_t channel, const BlockMap& blocks) noexcept {
  Channel here{};
  if (!read(channel, here)) {
    return false;
  }
  const std::uint64_t service = here.service;
  const Block block = blocks.find(service);
  if (!block || block.begin != service || blocks.is_marked(block)) {
    return false;
  }
  std::uint64_t first = channel;
  for (std::size_t n = 0; here.previous != 0; ++n) {
    Channel before{};
    if (n == kMostChannels || !read(here.previous, before) || before.next != first ||
        before.service != service) {
      return false;
    }
    first = here.previous;
    here = before;
  }
  const std::uint64_t head = only_word(block, first);
  if (head == 0 || !read(first, here)) {
    return false;
  }
  std::uint64_t last = first;
  for (std::size_t n = 0; here.next != 0; ++n) {
    Channel behind{};
    if (n == kMostChannels || !read(here.next, behind) || behind.previous != last ||
        behind.service != service) {
      return false;
    }
    last = here.next;
    here = behind;
  }
  set_word_at(head, 0);
  for (std::uint64_t each = first; each != 0;) {
    const std::uint64_t next = word_at(each + kNext);
    set_word_at(each + kNext, 0);
    set_word_at(each + kPrevious, 0);
    each = next;
  }
  return true;
}

}  // namespace xgops::proof
