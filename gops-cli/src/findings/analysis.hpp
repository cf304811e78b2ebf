// SPDX-License-Identifier: MIT
// Two looks at a process, judged: what the rules work on.
#pragma once

#include "findings/look.hpp"
#include "findings/stack_samples.hpp"
#include "findings/wait_graph.hpp"
#include "xgops/waits/graph.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace xgops::cli {

struct RuleOptions {
  std::chrono::milliseconds stall{100};  ///< Longest time that a task should run at a stretch.
  std::chrono::milliseconds older{0};    ///< For waits that are only suspicious when they are old.
};

/// One look with its graph. Refers to the look.
struct Judged {
  explicit Judged(const Look& look) : graph(look), verdict(graph.graph()) {}
  ~Judged() = default;
  Judged(const Judged&) = delete;
  Judged& operator=(const Judged&) = delete;

  [[nodiscard]] const Look& look() const { return graph.look(); }
  [[nodiscard]] waits::Fate fate(const Who& who) const { return verdict.fate(graph.node_of(who)); }

  WaitGraph graph;
  waits::Verdict verdict;
};

/// What a rule is given. Without a second look every rule says what might turn out to be true.
struct Analysis {
  const Judged& first;
  const Judged* second = nullptr;
  const RuleOptions& options;
  /// Of threads whose task runs for long, taken between the looks. Null: none were.
  const StackSamples* samples = nullptr;

  /// Whether `who` of the first look has not moved until the second: the same wait, not scheduled,
  /// not resumed. True without a second look.
  [[nodiscard]] bool unmoved(const Who& who) const;
  /// The same thread or task in the second look.
  [[nodiscard]] std::optional<Who> again(const Who& who) const;
  /// What is the same in both looks was so for at least as long.
  [[nodiscard]] std::chrono::nanoseconds between() const {
    return second == nullptr ? std::chrono::nanoseconds(0)
                             : second->look().began - first.look().ended;
  }
  /// How long a thread had to use the CPU time that it has more in the second look.
  [[nodiscard]] std::chrono::nanoseconds between_clocks() const {
    return second == nullptr ? std::chrono::nanoseconds(0)
                             : second->look().began - first.look().began;
  }
};

/// Whether two looks at a thread may have seen one and the same wait.
[[nodiscard]] bool same_wait(const protocol::Wait& a, const protocol::Wait& b);

/// `thread 12 "io"`, `task 7 "session"`. Contains untrusted text.
[[nodiscard]] std::string name_of(const Look& look, const Who& who);
/// `3 threads and 1 task`
[[nodiscard]] std::string count_of(const std::vector<Who>& who);
/// How long `who` has been in its state; -1: not known.
[[nodiscard]] std::int64_t age_of(const Look& look, const Who& who);
/// `mutex 0x55d0c0de`
[[nodiscard]] std::string name_of(const Resource& resource);

}  // namespace xgops::cli
