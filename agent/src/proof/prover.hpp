// SPDX-License-Identifier: MIT
// Which waiting tasks nobody can ever wake: two looks at all memory of the process.
#pragma once

#include "proof/snapshot_child.hpp"
#include "proof/verdict.hpp"
#include "tasks/source.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace xgops::proof {

enum class Verdict : std::uint8_t {
  kProven = 0,  ///< Nobody can wake it, unless pointers are hidden (encoded, in files, elsewhere).
  kSuspect,  ///< Nothing that was found can, but something was not looked into, or has its frame.
  kReachable,
};

struct TaskProof {
  std::uint64_t id = 0;
  std::uint32_t resumed = 0;
  Verdict verdict = Verdict::kReachable;
  Reached reached = Reached::kByProgram;
  Holder holder;
};

/// What a proof would take.
struct ProofEstimate {
  std::uint64_t scan_bytes = 0;
  std::uint64_t pause_ns = 0;     ///< For which all threads stand still, each of two times.
  std::uint64_t child_bytes = 0;  ///< Memory, beside pages that the program changes meanwhile.
  std::uint64_t worst_bytes = 0;  ///< The same if it changes all of them.
  std::uint32_t threads = 0;
};

struct ProofCosts {
  std::uint64_t longest_pause_ns = 0;
  std::uint64_t pause_ns = 0;  ///< In all.
  std::uint64_t total_ns = 0;
  std::uint64_t scanned_bytes = 0;
  std::uint64_t child_bytes = 0;  ///< Memory that only a child had, the larger of both.
  std::uint32_t stops = 0;        ///< More than the looks: a thread was in the allocator.
};

struct ProofReport {
  /// Why there is no answer; empty: there is one.
  std::string problem;
  /// Why nothing is proven although nothing was found to lead to some; a sentence each.
  std::vector<std::string> doubts;
  std::vector<TaskProof> tasks;  ///< Those that wait for something known.
  std::uint64_t live_tasks = 0;
  std::uint64_t changed = 0;  ///< Tasks that went on between the looks, or ended.
  ProofCosts costs;
};

struct ProverOptions {
  int task_directory_fd = -1;  ///< /proc/self/task.
  int signal = 0;
  unsigned seccomp_filters = 0;  ///< That the process had when the agent began.
  tasks::TaskSource tasks;
  Fork fork = &raw_fork;
};

/// For the agent's thread, whose own memory counts for nothing.
class Prover {
 public:
  explicit Prover(const ProverOptions& options) : options_(options) {}

  /// Cost: 10 ms a GiB.
  [[nodiscard]] ProofEstimate estimate() const;
  [[nodiscard]] ProofReport prove(std::chrono::steady_clock::time_point deadline,
                                  const std::function<bool()>& cancelled) const;

 private:
  struct Look;
  class Session;

  [[nodiscard]] std::string look(std::chrono::steady_clock::time_point deadline,
                                 const std::function<bool()>& cancelled, Look& out,
                                 ProofCosts& costs) const;

  /// Tells what both looks agree on.
  static void compare(const Look& first, const Look& second, bool doubtful, ProofReport& report);

  ProverOptions options_;
};

}  // namespace xgops::proof
