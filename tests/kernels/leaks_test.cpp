// SPDX-License-Identifier: MIT
// Leak checks on real bugs, published leak patterns, and programs without a mistake: each leak is
// found, with what it waits for, and of fixed twins and controls nothing is said. Prints a table.
//
// XGOPS_KERNEL_RUNS says how often each is run; XGOPS_KERNEL_TABLE names a file for the table.
#include "leak_run.hpp"
#include "proof_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <vector>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using xgops::LeakCheck;
using xgops::LeakOptions;
using xgops::LeakReport;

/// Until nothing is ready; on workers the entry itself has waited for its end state.
void settle(Scene& scene, unsigned workers) {
  if (workers == 0) {
    scene.executor.run_until_idle();
  }
}

LeakReport run_mistake(const Entry& entry, bool declares_ends, const LeakOptions& options) {
  Scene scene(false, declares_ends, entry.workers);
  if (entry.before != nullptr) {
    entry.before(scene);
    settle(scene, entry.workers);
  }
  LeakCheck check;
  entry.run(scene);
  settle(scene, entry.workers);
  LeakReport report = check.verify(options);
  scene.stopped = true;
  return report;
}

/// What is said of the fixed twin: while it goes on, step by step, and at its end.
std::uint64_t false_alarms_of_twin(const Entry& entry) {
  constexpr int kMostLooks = 100;
  Scene scene(true, true, entry.workers);
  LeakCheck check;
  entry.run(scene);
  std::uint64_t alarms = 0;
  for (int look = 0; look < kMostLooks && entry.workers == 0; ++look) {
    alarms += verdicts_now();
    if (!scene.executor.run_one()) {
      break;
    }
  }
  settle(scene, entry.workers);
  const LeakReport report = check.verify(LeakOptions().within(10s));
  EXPECT_TRUE(report) << entry.id << ", fixed: " << report;
  EXPECT_EQ(alarms, 0U) << entry.id << ", fixed";
  scene.stopped = true;
  return alarms + report.tasks + report.threads;
}

void add_proof(const Entry& entry, Row& row) {
  const ProofCount mistake = prove_mistake(entry);
  row.proven = mistake.proven;
  row.suspects = mistake.suspects;
  row.proof_problem = mistake.problem;
  EXPECT_EQ(mistake.problem, "") << entry.id;
  std::uint64_t leaked = 0;
  for (const Leak& leak : entry.leaks) {
    leaked += leak.count;
  }
  if (entry.before == nullptr) {
    EXPECT_LE(mistake.proven, leaked) << entry.id;
  }
  if (entry.can_be_woken) {
    EXPECT_EQ(mistake.proven, 0U) << entry.id;
  }
  if (entry.has_twin) {
    const ProofCount twin = prove_twin(entry);
    EXPECT_EQ(twin.proven, 0U) << entry.id << ", fixed";
    row.false_alarms += twin.proven;
  }
}

void check_entry(Group group, const Entry& entry) {
  ASSERT_NE(entry.run, nullptr) << entry.id << " is not there";
  for (int run = 0; run < runs(); ++run) {
    Row row{group, entry.id};
    const LeakReport report = run_mistake(entry, true, patience_for(entry.leaks));
    compare(report, entry.leaks, row);
    EXPECT_TRUE(row.is_as_expected) << entry.id << ": " << row.leaked << ": " << row.reason << '\n'
                                    << report;
    const LeakReport without_ends = run_mistake(entry, false, LeakOptions().within(0ms));
    EXPECT_EQ(without_ends.tasks, report.tasks) << entry.id << ", no ends declared";
    for (const xgops::LeakGroup& leak : without_ends.groups) {
      row.locks_only += leak.fate == xgops::LeakFate::kBlockedForGood ? leak.count : 0;
    }
    add_proof(entry, row);
    if (entry.has_twin) {
      row.quiet_runs = 1;
      row.false_alarms += false_alarms_of_twin(entry);
    }
    add_row(row);
  }
}

std::string test_name(const testing::TestParamInfo<Entry>& each) {
  std::string name = each.param.id;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class EntryTest : public testing::TestWithParam<Entry> {};

class KernelLeakTest : public EntryTest {};
TEST_P(KernelLeakTest, IsFound) {
  check_entry(Group::kKernel, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Kernels, KernelLeakTest, testing::ValuesIn(kernel_entries()), test_name);

class PatternLeakTest : public EntryTest {};
TEST_P(PatternLeakTest, IsFound) {
  check_entry(Group::kPattern, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Patterns, PatternLeakTest, testing::ValuesIn(pattern_entries()),
                         test_name);

class MicroLeakTest : public EntryTest {};
TEST_P(MicroLeakTest, IsFound) {
  check_entry(Group::kMicroTest, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Micro, MicroLeakTest, testing::ValuesIn(micro_entries()), test_name);

class FalseNegativeTest : public EntryTest {};
TEST_P(FalseNegativeTest, IsFoundAllTheSame) {
  check_entry(Group::kFalseNegative, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Globals, FalseNegativeTest,
                         testing::ValuesIn(known_false_negative_entries()), test_name);

class ScenarioLeakTest : public EntryTest {};
TEST_P(ScenarioLeakTest, IsFound) {
  check_entry(Group::kScenario, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Scenarios, ScenarioLeakTest, testing::ValuesIn(scenario_entries()),
                         test_name);

class ControlLeakTest : public testing::TestWithParam<Control> {};
TEST_P(ControlLeakTest, IsNone) {
  const Control& control = GetParam();
  for (int run = 0; run < runs(); ++run) {
    Row row{Group::kNegativeControl, control.id};
    Scene scene(true, true, control.workers);
    scene.look = [&] { row.false_alarms += verdicts_now(); };
    LeakCheck check;
    control.run(scene);
    settle(scene, control.workers);
    const LeakReport report = check.verify(LeakOptions().within(60s));
    EXPECT_TRUE(report) << control.id << ": " << report;
    EXPECT_EQ(row.false_alarms, 0U) << control.id;
    compare(report, {}, row);
    row.quiet_runs = 1;
    row.false_alarms += report.tasks + report.threads;
    add_row(row);
  }
}
INSTANTIATE_TEST_SUITE_P(Controls, ControlLeakTest, testing::ValuesIn(negative_controls()),
                         [](const testing::TestParamInfo<Control>& each) {
                           std::string name = each.param.id;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace kernels
