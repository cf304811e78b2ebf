// SPDX-License-Identifier: MIT
#include "tasks/holders.hpp"

#include "support/own_memory.hpp"
#include "xgops/tasks.hpp"

#include <array>
#include <cstddef>

namespace xgops::tasks {
namespace {

// A select has a set for each of its cases, and these have none. More would be a mistake or a loop.
constexpr unsigned kMostDepth = 2;

/// The words of a `HolderSet` in memory.
struct Image {
  std::uint32_t kind = 0;
  std::uint32_t unlisted = 0;
  std::array<std::uint64_t, HolderSet::kListed> words{};
};
static_assert(sizeof(Image) == sizeof(HolderSet));

bool read_image(std::uint64_t address, Image& image) {
  constexpr std::uint32_t kMarkBits = 0xffff0000;
  return support::copy_own_memory(address, &image, sizeof image) == sizeof image &&
         (image.kind & kMarkBits) == HolderSet::kMark;
}

/// Adds the members of `image` to `facts`. A set is as open as the most open that it includes.
void add_members(const Image& image, unsigned depth, HolderSetFacts& facts) {
  facts.unlisted += image.unlisted;
  for (const std::uint64_t word : image.words) {
    if (word == 0) {
      continue;
    }
    const bool is_thread = (word & Holder::kThread) != 0;
    if (is_thread || (word & HolderSet::kSet) == 0) {
      facts.words.push_back(word);
      continue;
    }
    Image included;
    if (depth == kMostDepth || !read_image(word & ~HolderSet::kSet, included)) {
      facts.sealed = false;
      continue;
    }
    facts.sealed = facts.sealed && (included.kind & HolderSet::kSealed) != 0;
    add_members(included, depth + 1, facts);
  }
}

}  // namespace

HolderSetFacts read_holder_set(std::uint64_t address) {
  HolderSetFacts facts;
  Image image;
  if (!read_image(address, image)) {
    return facts;
  }
  facts.is_set = true;
  facts.any = (image.kind & static_cast<std::uint32_t>(HolderSet::Ends::kOneActs)) != 0;
  facts.sealed = (image.kind & HolderSet::kSealed) != 0;
  add_members(image, 1, facts);
  return facts;
}

}  // namespace xgops::tasks
