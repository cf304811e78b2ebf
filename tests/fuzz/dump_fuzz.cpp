// SPDX-License-Identifier: MIT
// Dumps come out of logs that anybody may write to: every text is either refused or understood.
#include "commands/stack_builder.hpp"
#include "commands/tasks_builder.hpp"
#include "dumps/dump_parser.hpp"
#include "dumps/dump_tasks.hpp"
#include "dumps/thread_wait.hpp"
#include "invariant.hpp"
#include "output/json.hpp"
#include "output/text.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace {

using namespace xgops::cli;  // NOLINT(google-build-using-namespace)
using xgops::fuzz::require;

/// What `xgops symbolize --no-symbols` does with a dump.
void print(ParsedDump dump) {
  SymbolOptions symbols;
  symbols.symbolize = false;
  StackBuilder threads(symbols);
  threads.add(std::move(dump.stacks));
  auto report = threads.finish(dump.process);
  require(report.has_value(), "report.has_value()");  // The parser's references all lead somewhere.
  refine_futex_waits(*report);
  group_tasks(dump.tasks);
  TasksBuilder tasks(symbols);
  tasks.add(std::move(dump.tasks));
  auto table = tasks.finish();
  require(table.has_value(), "table.has_value()");
  report->tasks = *std::move(table);
  report->dump = std::move(dump.facts);
  for (const char byte : stack_text(*report, {})) {
    require(byte == '\n' || static_cast<unsigned char>(byte) >= ' ',
            "byte == '\\n' || static_cast<unsigned char>(byte) >= ' '");
  }
  require(!stack_json(*report).empty(), "!stack_json(*report).empty()");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ids = find_dumps(text);
  auto last = parse_dump(text, "");
  require(!ids.empty() || !last, "!ids.empty() || !last");
  if (last) {
    require(last->facts.id == ids.back(), "last->facts.id == ids.back()");
    print(*std::move(last));
  }
  return 0;
}
