// SPDX-License-Identifier: MIT
// The table of what leak checks found, printed when all tests have run.
#pragma once

#include <cstdint>
#include <string>

namespace kernels {

enum class Group : std::uint8_t {
  kKernel,
  kPattern,
  kMicroTest,
  kNegativeControl,
  kFalseNegative,
  kScenario,
};

/// One run of one entry.
struct Row {
  Group group = Group::kKernel;
  std::string id;
  std::string leaked = {};  ///< "2 / 2": expected and got.
  std::string reason = {};  ///< "mutex lock x2 / mutex lock x2"
  bool is_as_expected = false;
  bool is_found = false;           ///< By the test check: something has leaked.
  std::uint64_t blocked = 0;       ///< Leaks that the wait graph knows to be blocked for good.
  std::uint64_t locks_only = 0;    ///< The same where no channel says who may use it.
  std::string why = {};            ///< Of the first of those.
  std::uint64_t proven = 0;        ///< Leaks that a proof says nobody can ever wake.
  std::uint64_t suspects = 0;      ///< That it suspects.
  std::string proof_problem = {};  ///< Why there is no proof.
  std::uint64_t quiet_runs = 0;    ///< Of fixed twins and controls.
  std::uint64_t false_alarms = 0;  ///< Of those: what was said nevertheless.
};

/// For all runs of an entry the row of the first one, or of the first that was not as expected.
void add_row(const Row& row);

}  // namespace kernels
