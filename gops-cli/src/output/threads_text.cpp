// SPDX-License-Identifier: MIT
// The threads of a process as a table.
#include "output/escape.hpp"
#include "output/style.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "output/wait_text.hpp"
#include "support/duration.hpp"

namespace xgops::cli {
std::string threads_text(const ThreadsReport& report, const Presentation& presentation) {
  ThreadNames names;
  for (const protocol::ThreadFacts& thread : report.threads) {
    names[thread.tid] = thread.name;
  }
  Table table({{"TID", Align::kRight},
               {"NAME"},
               {"STATE"},
               {"CPU", Align::kRight},
               {"FOR", Align::kRight},
               {"WAIT"},
               {"OWNER"}});
  for (const protocol::ThreadFacts& thread : report.threads) {
    std::string owner =
        thread.wait.owner_tid == 0 ? std::string() : std::to_string(thread.wait.owner_tid);
    table.add({std::to_string(thread.tid), or_dash(escape(thread.name)), state_words(thread.state),
               elapsed_text(thread.cpu_ns),
               thread.state_age_ns < 0 ? "-" : age_text(thread.state_age_ns),
               wait_summary(thread.wait, thread.state), or_dash(std::move(owner))});
  }
  return table.render(Style(presentation.color)) +
         cost_line(report.threads.size(), report.cost, report.dropped, report.truncated) + "\n";
}

}  // namespace xgops::cli
