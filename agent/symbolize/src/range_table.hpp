// SPDX-License-Identifier: MIT
// Which of many address ranges, nested or overlapping, contains an address.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgops::symbolize {

/// Ranges [begin, end) with a value each; built once, then asked often.
template <class Value>
class RangeTable {
 public:
  struct Entry {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Value value{};
  };

  void add(std::uint64_t begin, std::uint64_t end, Value value) {
    if (begin < end) {
      entries_.push_back({begin, end, value});
    }
  }

  /// Makes `find` usable. Of equal ranges the one added first is found.
  void seal() {
    // Larger ranges first, so that walking backwards meets the innermost range first.
    std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& left, const Entry& right) {
      return left.begin != right.begin ? left.begin < right.begin : left.end > right.end;
    });
    const auto repeated =
        std::unique(entries_.begin(), entries_.end(), [](const Entry& left, const Entry& right) {
          return left.begin == right.begin && left.end == right.end;
        });
    entries_.erase(repeated, entries_.end());
    entries_.shrink_to_fit();
    reach_.resize(entries_.size());
    std::uint64_t reach = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      reach = std::max(reach, entries_[i].end);
      reach_[i] = reach;
    }
  }

  /// The range with the highest begin that contains `address`; of those the smallest. Null: none.
  [[nodiscard]] const Entry* find(std::uint64_t address) const {
    auto next = std::upper_bound(
        entries_.begin(), entries_.end(), address,
        [](std::uint64_t wanted, const Entry& entry) { return wanted < entry.begin; });
    // Bounded, because a corrupt file may have any number of ranges that begin before and end early
    // below one that reaches far.
    for (int step = 0; step < kMaxSteps && next != entries_.begin(); ++step) {
      --next;
      if (address < next->end) {
        return &*next;
      }
      if (reach_[static_cast<std::size_t>(next - entries_.begin())] <= address) {
        return nullptr;  // Neither this one nor any before it reaches the address.
      }
    }
    return nullptr;
  }

  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

 private:
  static constexpr int kMaxSteps = 4096;

  std::vector<Entry> entries_;
  std::vector<std::uint64_t> reach_;  ///< Highest end among the entries so far.
};

}  // namespace xgops::symbolize
