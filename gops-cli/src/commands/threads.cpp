// SPDX-License-Identifier: MIT
// `xgops threads`: a table of all threads, without stacks.
#include "xgops/protocol/messages/threads.hpp"

#include "client/socket_waits.hpp"
#include "commands/command.hpp"
#include "commands/target_options.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

namespace xgops::cli {
namespace {

struct ThreadsOptions {
  TargetOptions target;
  std::uint32_t tid = 0;
};

Result<Report> run(Context& context, const ThreadsOptions& options) {
  auto report = with_target(context, options.target,
                            [&](Target& target, const Deadline& deadline) -> Result<ThreadsReport> {
                              protocol::Threads::Request request;
                              request.tid = static_cast<std::int32_t>(options.tid);
                              request.deadline_ms =
                                  static_cast<std::uint32_t>(context.timeout.count());
                              ThreadsReport answer;
                              auto asked = target.session.ask_parts<protocol::Threads>(
                                  request, deadline, [&](protocol::Threads::Response part) {
                                    std::move(part.threads.begin(), part.threads.end(),
                                              std::back_inserter(answer.threads));
                                    answer.dropped = part.dropped;
                                    answer.truncated = part.truncated;
                                    answer.cost = part.cost;
                                  });
                              if (!asked) {
                                return std::move(asked).error();
                              }
                              answer.process = identity_of(target);
                              std::vector<protocol::ThreadFacts*> threads;
                              for (protocol::ThreadFacts& thread : answer.threads) {
                                threads.push_back(&thread);
                              }
                              name_sockets(context.places.processes, target.pid, threads);
                              return answer;
                            });
  if (!report) {
    return std::move(report).error();
  }
  std::sort(report->threads.begin(), report->threads.end(),
            [](const auto& a, const auto& b) { return a.tid < b.tid; });
  const ExitStatus status = report->truncated ? ExitStatus::kPartial : ExitStatus::kOk;
  return Report{*std::move(report), status};
}

}  // namespace

Command threads_command() {
  return {
      .name = "threads",
      .summary = "Print a table of all threads",
      .description =
          "Prints id, name, state, CPU time, what each thread waits for and for how long, and the "
          "thread that holds it. No thread is interrupted. Thread ids are those that the process "
          "itself sees.\n\n"
          "Exit status 4 means that the deadline came before the last thread.",
      .examples = {{"xgops threads -p 4711", "all threads"},
                   {"xgops threads 4711 --json | jq '.threads[] | select(.wait.owner_tid)'",
                    "those that wait for another thread"}},
      .attach = [](OptionSet& options) -> Action {
        auto parsed = std::make_shared<ThreadsOptions>();
        attach_target_options(options, parsed->target);
        options.number("--thread", "TID", parsed->tid, 1, 0x7fffffff, "Only this thread");
        return [parsed](Context& context) { return run(context, *parsed); };
      },
  };
}

}  // namespace xgops::cli
