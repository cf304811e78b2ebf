// SPDX-License-Identifier: MIT
// `xgops symbolize`: names for what a process wrote when it crashed.
#include "commands/command.hpp"
#include "commands/running_stacks.hpp"
#include "commands/stack_builder.hpp"
#include "commands/symbol_options.hpp"
#include "commands/task_filter.hpp"
#include "commands/tasks_builder.hpp"
#include "dumps/dump_parser.hpp"
#include "dumps/dump_tasks.hpp"
#include "dumps/thread_wait.hpp"
#include "proc/files.hpp"
#include "support/failure.hpp"

#include <memory>
#include <string>
#include <utility>

namespace xgops::cli {
namespace {

struct SymbolizeOptions {
  std::string file;
  std::string dump;
  Format format = Format::kText;
  bool group = true;
  SymbolOptions symbols;
};

/// What is not as it should be, for people.
void add_notices(Report& result, const DumpFacts& facts, const std::vector<std::string>& ids,
                 bool was_cut) {
  if (was_cut) {
    result.notices.push_back(
        {"only the first " + std::to_string(proc::kMaxFileBytes >> 20U) + " MiB were read",
         "cut the dump out of the file and try again"});
  }
  if (const auto count = ids.size(); count > 1) {
    result.notices.push_back(
        {"there are " + std::to_string(count) + " dumps, this is " + facts.id,
         "choose with --dump: " + ids.front() + (count > 2 ? " ... " : " ") + ids.back()});
  }
  if (!facts.ended) {
    result.notices.push_back({"the dump has no end: the process or what it wrote to was gone"});
  }
  if (facts.missing_lines > 0 || facts.damaged_lines > 0) {
    result.notices.push_back({std::to_string(facts.missing_lines) +
                              " lines of the dump are missing, " +
                              std::to_string(facts.damaged_lines) + " make no sense"});
  }
  for (const std::string& note : facts.notes) {
    result.notices.push_back({"the process says: " + note});
  }
}

Result<StackReport> name_everything(ParsedDump dump, const SymbolizeOptions& options) {
  const SymbolOptions symbols = symbols_of_files(options.symbols);
  StackBuilder threads(symbols);
  dump.tasks.modules = dump.stacks.modules;
  threads.add(std::move(dump.stacks));
  auto report = threads.finish(dump.process);
  if (!report) {
    return report;
  }
  refine_futex_waits(*report);
  const bool has_tasks = dump.tasks.total > 0 || dump.tasks.dropped > 0;
  if (has_tasks) {
    if (options.group) {
      group_tasks(dump.tasks);
    }
    TasksBuilder tasks(symbols);
    tasks.add(std::move(dump.tasks));
    auto table = tasks.finish();
    if (!table) {
      return std::move(table).error();
    }
    longest_first(*table);
    add_running_stacks(*table, *report);
    report->tasks = *std::move(table);
  }
  report->dump = std::move(dump.facts);
  return report;
}

Result<Report> run(Context& context, const SymbolizeOptions& options) {
  if (options.file.empty()) {
    return failure(Failure::kUsage, "which file? none was given",
                   "`xgops symbolize FILE`, or - for standard input");
  }
  if (context.presentation.format == Format::kText) {
    context.presentation.format = options.format;
  }
  context.presentation.group = options.group;
  const auto text = proc::read_file(options.file == "-" ? "/dev/stdin" : options.file);
  if (!text) {
    return text.error();
  }
  const std::vector<std::string> ids = find_dumps(*text);
  auto dump = parse_dump(*text, options.dump);
  if (!dump) {
    Error error = std::move(dump).error();
    error.context = options.file + ": " + error.context;
    return error;
  }
  auto report = name_everything(*std::move(dump), options);
  if (!report) {
    return std::move(report).error();
  }
  Report result{*std::move(report)};
  const StackReport& stacks = std::get<StackReport>(result.body);
  const bool cut = stacks.truncated || (stacks.tasks && stacks.tasks->truncated);
  if (cut || !stacks.dump->complete()) {
    result.status = ExitStatus::kPartial;
  }
  add_notices(result, *stacks.dump, options.dump.empty() ? ids : std::vector<std::string>(),
              text->size() >= proc::kMaxFileBytes);
  add_symbol_notices(result, stacks.table.symbol_notes);
  return result;
}

Action attach_symbolize(OptionSet& options) {
  auto parsed = std::make_shared<SymbolizeOptions>();
  ArgumentModel file;
  file.name = "FILE";
  file.summary = "What the process wrote; - for standard input";
  file.completes = Completes::kFile;
  options.argument(std::move(file), parsed->file);
  options.text("--dump", "PID.N", parsed->dump, "Which dump of the file (default: the last)");
  options.choice("-f,--format", "FORMAT", parsed->format,
                 {{"text", Format::kText}, {"json", Format::kJson}, {"folded", Format::kFolded}},
                 "text (default), json, or folded for flame graphs");
  options.flag("--no-group", parsed->group,
               "Print every thread and task by itself, also with equal stacks", false);
  options.flag("--no-inlines", parsed->symbols.inlines, "Leave out inlined functions", false);
  options.flag("--no-symbols", parsed->symbols.symbolize, "Print modules and offsets only", false);
  options.flag("--debuginfod", parsed->symbols.debuginfod,
               "Ask the servers in $DEBUGINFOD_URLS for missing debug files");
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command symbolize_command() {
  return {
      .name = "symbolize",
      .summary = "Print the stacks of a crash dump",
      .description =
          "Prints what a process wrote when it crashed, or when it got the signal that asks for a "
          "dump, in the form of `xgops stack`: first why the dump was written and the thread that "
          "crashed, then all other threads, then the tasks. Processes write such dumps when they "
          "run with XGOPS_CRASH_DUMP or XGOPS_DUMP_SIGNAL, see `xgops run`.\n\n"
          "FILE may be a log with other output before, behind and between the lines of the dump. "
          "Where it has several dumps, the last one is printed. Names come from the program and "
          "the libraries as they are on this machine now; a file that is not the one of the "
          "process, by its build-id, is not used.\n\n"
          "Exit status 4 means that the dump is printed but incomplete: lines are missing or "
          "damaged, or the process wrote no more within ten seconds.",
      .examples = {{"xgops symbolize crash.4711",
                    "the dump of a process that ran with "
                    "XGOPS_CRASH_DUMP=crash.%p"},
                   {"journalctl -u server | xgops symbolize -", "the last dump in a log"}},
      .attach = attach_symbolize,
  };
}

}  // namespace xgops::cli
