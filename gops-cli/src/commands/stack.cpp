// SPDX-License-Identifier: MIT
// `xgops stack`: the stack of every thread.
#include "commands/command.hpp"
#include "commands/stack_builder.hpp"
#include "commands/target_options.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace xgops::cli {
namespace {

struct StackOptions {
  TargetOptions target;
  Format format = Format::kText;
  std::uint32_t tid = 0;
  std::uint32_t max_frames = 0;
  bool interrupt = true;
  bool group = true;
  SymbolOptions symbols;
};

/// Exit status 4, as the description of the command says it.
bool is_partial(const StackReport& report, bool limited_by_user) {
  if (report.truncated || report.dropped > 0) {
    return true;
  }
  for (const ReportThread& thread : report.threads) {
    // There is nothing to read of a main thread that has ended.
    if (thread.facts.wait.reason == protocol::WaitReason::kExited) {
      continue;
    }
    const bool cut = thread.stack && report.table.stacks[*thread.stack].truncated;
    if (thread.status == protocol::StackStatus::kUnavailable || (cut && !limited_by_user) ||
        (thread.status == protocol::StackStatus::kPartial && !cut)) {
      return true;
    }
  }
  return false;
}

/// On stderr only a few: a program without debug files has one for every library.
void add_symbol_notices(Report& report, const std::vector<std::string>& notes) {
  constexpr std::size_t kShown = 3;
  for (std::size_t i = 0; i < notes.size() && i < kShown; ++i) {
    report.notices.push_back({notes[i]});
  }
  if (notes.size() > kShown) {
    report.notices.push_back({std::to_string(notes.size() - kShown) + " more notes like these",
                              "`--json` has them all in symbol_notes"});
  }
}

/// Where names found earlier are kept (XDG base directories); empty when there is no such place, or
/// XGOPS_CACHE=0 forbids it.
std::string cache_directory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): one thread.
  const char* const wanted = std::getenv("XGOPS_CACHE");
  if (wanted != nullptr && std::string_view(wanted) == "0") {
    return {};
  }
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') {
    return std::string(cache) + "/xgops";
  }
  const char* const home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/xgops" : std::string();
}

Result<Report> run(Context& context, const StackOptions& options) {
  if (context.presentation.format == Format::kText) {
    context.presentation.format = options.format;
  }
  context.presentation.group = options.group;
  auto report =
      with_target(context, options.target,
                  [&](Target& target, const Deadline& deadline) -> Result<StackReport> {
                    protocol::Stacks::Request request;
                    request.tid = static_cast<std::int32_t>(options.tid);
                    request.max_frames = options.max_frames;
                    request.deadline_ms = static_cast<std::uint32_t>(context.timeout.count());
                    request.interrupt = options.interrupt;
                    SymbolOptions symbols = options.symbols;
                    // Without a PID that we see there is no /proc to read the target's files
                    // through.
                    symbols.pid = target.session.peer().pid;
                    symbols.cache_directory = cache_directory();
                    StackBuilder builder(symbols);
                    auto asked = target.session.ask_parts<protocol::Stacks>(
                        request, deadline,
                        [&](protocol::Stacks::Response part) { builder.add(std::move(part)); });
                    if (!asked) {
                      return std::move(asked).error();
                    }
                    return builder.finish(identity_of(target));
                  });
  if (!report) {
    return std::move(report).error();
  }
  Report result{*std::move(report)};
  const StackReport& stacks = std::get<StackReport>(result.body);
  if (is_partial(stacks, options.max_frames != 0)) {
    result.status = ExitStatus::kPartial;
  }
  add_symbol_notices(result, stacks.table.symbol_notes);
  return result;
}

Action attach(OptionSet& options) {
  auto parsed = std::make_shared<StackOptions>();
  attach_target_options(options, parsed->target);
  options.choice("-f,--format", "FORMAT", parsed->format,
                 {{"text", Format::kText}, {"json", Format::kJson}, {"folded", Format::kFolded}},
                 "text (default), json, or folded for flame graphs");
  options.number("--thread", "TID", parsed->tid, 1, 0x7fffffff, "Only this thread");
  options.number("--max-frames", "N", parsed->max_frames, 1, protocol::kMaxFrames,
                 "At most N frames of each thread (default 256)");
  options.flag("--no-group", parsed->group, "Print every thread by itself, also with equal stacks",
               false);
  options.flag("--no-inlines", parsed->symbols.inlines, "Leave out inlined functions", false);
  options.flag("--no-symbols", parsed->symbols.symbolize, "Print modules and offsets only", false);
  options.flag("--no-interrupt", parsed->interrupt,
               "Send no thread a signal: running threads have no stack then", false);
  options.flag("--debuginfod", parsed->symbols.debuginfod,
               "Ask the servers in $DEBUGINFOD_URLS for missing debug files");
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command stack_command() {
  return {
      .name = "stack",
      .summary = "Print the stack of every thread",
      .description =
          "Prints the stack of every OS thread of a running process, what each thread waits for, "
          "who holds that, and for how long it has waited. Sleeping threads are read without being "
          "interrupted; only running threads get a signal.\n\n"
          "Threads with equal stacks, wait reasons and owners appear once, with all of their ids. "
          "Groups come in ascending order of their lowest thread id; the agent's own thread comes "
          "last. Thread ids are those that the process itself sees. The last line of the text says "
          "what the answer cost the process.\n\n"
          "Exit status 4 means that the report is printed but incomplete: a stack is partial or "
          "unavailable, a thread ended while it was read, a stack has more than the default limit "
          "of 256 frames, or the deadline came first. A running thread that was read by signal is "
          "complete; so is a main thread that has ended and has no stack any more, and a stack cut "
          "by --max-frames.",
      .examples =
          {{"xgops stack -p 4711", "all threads, equal stacks together"},
           {"xgops stack -n redis-server --no-group -o stacks.txt", "into a file"},
           {"xgops stack 4711 --format folded | flamegraph.pl > flame.svg",
            "a flame graph of where threads are"},
           {"xgops stack 4711 --json | jq '.threads[] | select(.wait.reason == \"mutex_lock\")'",
            "threads that wait for a mutex"}},
      .attach = attach,
  };
}

}  // namespace xgops::cli
