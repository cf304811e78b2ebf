// SPDX-License-Identifier: MIT
// Snapshots lie in files that anybody may have written: every file is either refused or compared.
#include "commands/snapshot_source.hpp"
#include "findings/snapshot_diff.hpp"
#include "invariant.hpp"
#include "output/json.hpp"
#include "output/text.hpp"
#include "snapshots/snapshot_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace xgops::cli;  // NOLINT(google-build-using-namespace)
using xgops::fuzz::require;

/// What `xgops diff` does with two snapshots, here one and the same.
void compare(const Look& look) {
  DiffReport report;
  report.process = look.stacks.process;
  report.rows = compare_looks(look, look);
  const auto members = static_cast<std::uint64_t>(
      std::count_if(look.threads().begin(), look.threads().end(),
                    [](const ReportThread& thread) { return !thread.facts.is_agent; }));
  require(
      report.count(Change::kStuck) + report.count(Change::kNew) + report.count(Change::kMoved) ==
          members + look.tasks().size(),
      "everybody is in one group");
  for (const char byte : diff_text(report, {})) {
    require(byte == '\n' || static_cast<unsigned char>(byte) >= ' ', "no name commands a terminal");
  }
  require(!diff_json(report).empty(), "there is a document");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  auto snapshot = parse_snapshot(file);
  if (!snapshot) {
    require(!snapshot.error().context.empty(), "an error says what is wrong");
    return 0;
  }
  const auto again = parse_snapshot(encode_snapshot(*snapshot));
  require(again.has_value(), "what is written can be read");
  require(again->tasks.size() == snapshot->tasks.size() && again->pid == snapshot->pid,
          "what is written is the same");
  SymbolOptions symbols;
  symbols.symbolize = false;
  if (const auto look = look_at(*std::move(snapshot), symbols)) {
    compare(*look);
  }
  return 0;
}
