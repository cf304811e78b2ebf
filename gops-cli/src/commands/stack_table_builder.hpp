// SPDX-License-Identifier: MIT
// From raw stacks and modules that come in parts to stacks with names.
#pragma once

#include "report/stack_table.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/result.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
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

/// Names addresses as they come, while the agent still reads. What the parts say is not trusted: an
/// address outside all modules is a frame without a name.
class StackTableBuilder {
 public:
  explicit StackTableBuilder(const SymbolOptions& options);

  void add(std::vector<protocol::Module> modules, const std::vector<protocol::Stack>& stacks);

  /// The place in `StackTable::locations` of the function that begins at `address`.
  std::uint32_t add_function(std::uint64_t address);

  /// The place in `StackTable::stacks` of the stack with this id; nothing when none has come.
  [[nodiscard]] std::optional<std::uint32_t> index_of(std::uint32_t stack_id) const;

  /// The table. The builder is of no use afterwards.
  /// Errors: `Failure::kBadAnswer` when there are too many addresses.
  [[nodiscard]] Result<StackTable> finish();

 private:
  /// Names the locations that have no name yet, until `budget` is used up.
  void name_locations(std::chrono::steady_clock::duration budget);

  /// Gives every distinct instruction pointer an index into `locations_`.
  std::uint32_t location_of(const protocol::Frame& frame);

  SymbolOptions options_;
  symbolize::Symbolizer symbolizer_;
  StackTable table_;
  std::vector<protocol::Frame> locations_;
  std::vector<std::uint32_t> signal_returns_;  ///< Locations to which handlers of signals return.
  std::map<std::pair<std::uint64_t, bool>, std::uint32_t> location_index_;
  std::map<std::uint32_t, std::uint32_t> stack_index_;  ///< From the wire's ids to ours.
};

}  // namespace xgops::cli
