// SPDX-License-Identifier: MIT
#include "findings/rules.hpp"

namespace xgops::cli {

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rules{
      {.id = "deadlock",
       .summary = "Threads or tasks wait for each other in a circle",
       .apply = find_deadlocks},
      {.id = "holder-gone",
       .summary = "Who could end a wait has ended: a lock that was never given back, a channel "
                  "without another end, a wait group without members",
       .apply = find_gone_holders},
      {.id = "nobody-can-run",
       .summary = "Everybody waits for somebody else, and no timer, I/O or signal can wake anybody",
       .apply = find_nobody_can_run},
      {.id = "starved-executor",
       .summary = "All threads of an executor block in synchronous waits while tasks are ready",
       .apply = find_starved_executors},
      {.id = "stall",
       .summary = "A task runs for longer than --stall without suspending, or a handler does not "
                  "return for so long",
       .measures_time = true,
       .apply = find_stalls},
      {.id = "executor-asleep",
       .summary = "All tasks of one executor of several wait for somebody, and it has no timer and "
                  "no I/O: nobody can run, unless from outside",
       .by_default = false,
       .apply = find_asleep_executors},
      {.id = "lock-across-suspension",
       .summary = "A lock is held by a task that waits for something else, or by a thread that "
                  "went back to its executor's loop",
       .by_default = false,
       .apply = find_locks_across_suspensions},
      {.id = "never-resumed",
       .summary = "A task was created longer than --older ago (default 10s) and never ran",
       .by_default = false,
       .apply = find_never_resumed},
      {.id = "convoy",
       .summary = "Five or more wait for one lock that changes hands",
       .by_default = false,
       .apply = find_convoys},
      {.id = "lost-exception",
       .summary = "A task ended with an exception, and nobody was told",
       .by_default = false,
       .apply = find_lost_exceptions},
      {.id = "large-frame",
       .summary = "A coroutine has a frame of 4 KiB or more",
       .by_default = false,
       .apply = find_large_frames},
      {.id = "io",
       .summary = "Somebody reads from a peer without a timeout for longer than --older "
                  "(default 1min)",
       .by_default = false,
       .apply = find_old_reads},
  };
  return rules;
}

}  // namespace xgops::cli
