// SPDX-License-Identifier: MIT
// One pass over the entries of a unit.
#include "function_index.hpp"

#include <algorithm>

#include <dwarf.h>

namespace xgops::symbolize {

namespace {

/// Deeper nesting comes from damage, not from a compiler.
constexpr std::size_t kMaxOpenEntries = 1024;

}  // namespace

FunctionIndex::FunctionIndex(const DieReader& reader, std::size_t root, Depth depth,
                             CodeRanges& ranges) {
  Die die;
  if (!reader.read(root, die) || die.shape == nullptr || !die.shape->has_children) {
    return;
  }
  std::vector<std::ptrdiff_t> open;  // Scopes that we are in.
  std::vector<AddressRange> extents;
  std::size_t position = die.end;
  while (reader.read(position, die)) {
    position = die.end;
    if (die.shape == nullptr) {
      if (open.empty()) {
        break;
      }
      scopes_[static_cast<std::size_t>(open.back())].end = die.end;
      open.pop_back();
      continue;
    }
    const auto tag = die.shape->tag;
    if (tag == DW_TAG_subprogram) {
      ranges.of(die, extents);
      for (const auto& extent : extents) {
        functions_.add(extent.begin, extent.end, die.offset);
      }
    }
    if (!die.shape->has_children) {
      continue;
    }
    const bool enters =
        depth == Depth::kEverything || tag == DW_TAG_namespace || tag == DW_TAG_module;
    scopes_.push_back({die.offset, reader.unit_end(), open.empty() ? kNone : open.back()});
    if (enters && open.size() < kMaxOpenEntries) {
      open.push_back(static_cast<std::ptrdiff_t>(scopes_.size()) - 1);
    } else {
      position = reader.behind(die);
      scopes_.back().end = position;
    }
  }
  functions_.seal();
  scopes_.shrink_to_fit();
}

std::size_t FunctionIndex::find(std::uint64_t address) const {
  const auto* found = functions_.find(address);
  return found == nullptr ? 0 : found->value;
}

std::vector<std::size_t> FunctionIndex::enclosing(const DieReader& reader,
                                                  std::size_t offset) const {
  auto next = std::lower_bound(
      scopes_.begin(), scopes_.end(), offset,
      [](const Scope& scope, std::size_t wanted) { return scope.offset < wanted; });
  if (next == scopes_.begin()) {
    return {};
  }
  auto scope = std::prev(next) - scopes_.begin();
  while (scope != kNone && scopes_[static_cast<std::size_t>(scope)].end <= offset) {
    scope = scopes_[static_cast<std::size_t>(scope)].parent;
  }
  if (scope == kNone) {
    return {};
  }
  std::vector<std::size_t> around;
  const std::size_t innermost = scopes_[static_cast<std::size_t>(scope)].offset;
  for (; scope != kNone; scope = scopes_[static_cast<std::size_t>(scope)].parent) {
    around.push_back(scopes_[static_cast<std::size_t>(scope)].offset);
  }
  std::reverse(around.begin(), around.end());
  // The index knows the first levels; the rest are the entries still open at `offset`.
  Die die;
  if (!reader.read(innermost, die)) {
    return around;
  }
  const std::size_t known = around.size();
  std::size_t position = die.end;
  while (position < offset && around.size() < kMaxOpenEntries && reader.read(position, die)) {
    position = die.end;
    if (die.shape == nullptr) {
      if (around.size() == known) {
        break;
      }
      around.pop_back();
    } else if (die.shape->has_children) {
      if (die.sibling > die.end && die.sibling <= offset) {
        position = die.sibling;
      } else {
        around.push_back(die.offset);
      }
    }
  }
  return around;
}

}  // namespace xgops::symbolize
