// SPDX-License-Identifier: MIT
// Reading inlined calls.
#include "inline_tree.hpp"

#include <algorithm>

#include <dwarf.h>

namespace xgops::symbolize {

namespace {

constexpr std::size_t kMaxInlineDepth = 1024;
/// More come from damage; each look-up goes through all of them.
constexpr std::size_t kMaxCalls = 1U << 20U;

bool is_block(std::uint32_t tag) {
  return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block ||
         tag == DW_TAG_with_stmt;
}

}  // namespace

InlineTree::InlineTree(const DieReader& reader, std::size_t offset, CodeRanges& ranges) {
  Die die;
  if (!reader.read(offset, die) || die.shape == nullptr || !die.shape->has_children) {
    return;
  }
  std::vector<std::ptrdiff_t> open = {kNone};  // For each level the call that it is in.
  std::vector<AddressRange> extents;
  std::size_t position = die.end;
  while (!open.empty() && nodes_.size() < kMaxCalls && reader.read(position, die)) {
    position = die.end;
    if (die.shape == nullptr) {
      open.pop_back();
      continue;
    }
    std::ptrdiff_t inside = open.back();
    const bool inlined = die.shape->tag == DW_TAG_inlined_subroutine;
    if (inlined) {
      ranges.of(die, extents);
      const auto first = ranges_.size();
      ranges_.insert(ranges_.end(), extents.begin(), extents.end());
      nodes_.push_back({{die.offset, die.call_file, die.call_line, die.call_column},
                        inside,
                        first,
                        ranges_.size()});
      inside = static_cast<std::ptrdiff_t>(nodes_.size()) - 1;
    }
    if (die.shape->has_children) {
      // Whether a block's own ranges contain an address does not matter: those of the calls in it
      // do.
      if ((inlined || is_block(die.shape->tag)) && open.size() < kMaxInlineDepth) {
        open.push_back(inside);
      } else {
        position = reader.behind(die);
      }
    }
  }
}

std::vector<InlinedCall> InlineTree::calls_at(std::uint64_t address) const {
  std::vector<InlinedCall> calls;
  std::ptrdiff_t innermost = kNone;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.parent != innermost) {
      continue;
    }
    const bool contains = std::any_of(
        ranges_.begin() + static_cast<std::ptrdiff_t>(node.ranges_begin),
        ranges_.begin() + static_cast<std::ptrdiff_t>(node.ranges_end),
        [&](const AddressRange& range) { return range.begin <= address && address < range.end; });
    if (contains) {
      calls.push_back(node.call);
      innermost = static_cast<std::ptrdiff_t>(i);
    }
  }
  return calls;
}

}  // namespace xgops::symbolize
