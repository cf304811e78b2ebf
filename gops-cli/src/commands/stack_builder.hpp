// SPDX-License-Identifier: MIT
// From the parts of a streamed answer to a report with names.
#pragma once

#include "report/stack.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/result.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace xgops::cli {

/// Most different instruction pointers of one answer. Real programs have some thousands; each costs
/// us a lookup and some hundred bytes.
inline constexpr std::size_t kMaxLocations = 1'000'000;

struct SymbolOptions {
  bool symbolize = true;
  bool inlines = true;
  bool debuginfod = false;
  std::int32_t pid = 0;         ///< The target as we see it; 0: not visible.
  std::string cache_directory;  ///< For names found earlier; empty: none.
};

/// Collects the parts and names addresses as they come, while the agent still reads threads. What
/// they say is not trusted: a reference to a stack that never came is an error, an address outside
/// all modules a frame without a name.
class StackBuilder {
 public:
  explicit StackBuilder(const SymbolOptions& options);

  void add(protocol::Stacks::Response part);

  /// The report. The builder is of no use afterwards.
  /// Errors: `Failure::kBadAnswer` when the parts contradict each other.
  [[nodiscard]] Result<StackReport> finish(ProcessIdentity process);

 private:
  /// Names the locations that have no name yet, until `budget` is used up.
  void name_locations(std::chrono::steady_clock::duration budget);

  /// Gives every distinct instruction pointer an index into `locations_`.
  std::uint32_t location_of(const protocol::Frame& frame);

  SymbolOptions options_;
  symbolize::Symbolizer symbolizer_;
  StackReport report_;
  std::vector<protocol::Frame> locations_;
  std::map<std::pair<std::uint64_t, bool>, std::uint32_t> location_index_;
  std::map<std::uint32_t, std::uint32_t> stack_index_;  ///< From the wire's ids to ours.
  std::vector<protocol::ThreadStack> threads_;
};

}  // namespace xgops::cli
