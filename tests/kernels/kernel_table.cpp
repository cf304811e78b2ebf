// SPDX-License-Identifier: MIT
#include "kernel_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <vector>

namespace kernels {
namespace {

struct Shown {
  Row row;
  std::uint64_t runs = 0;
  std::uint64_t runs_as_expected = 0;
};

struct GroupWords {
  Group group;
  const char* words;
  std::size_t total;  ///< In the catalogue.
};
constexpr GroupWords kGroups[]{
    {Group::kKernel, "kernels", 36},
    {Group::kPattern, "published patterns", 10},
    {Group::kMicroTest, "micro tests", 15},
    {Group::kNegativeControl, "negative controls", 10},
    {Group::kFalseNegative, "known false negatives of others", 3},
    {Group::kScenario, "scenarios", 29},
};

std::vector<Shown>& table() {
  static std::vector<Shown> all;
  return all;
}

/// What the catalogue counts as one: "correct/simple/mutex" and "correct/simple/cond".
std::string counted_as(const std::string& id) {
  for (const std::string_view one : {"correct/simple/", "false-negative/global/"}) {
    if (id.starts_with(one)) {
      return std::string(one);
    }
  }
  return id;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string detected_by(const Row& row) {
  std::string text = row.is_found ? "test check" : "-";
  if (row.blocked > 0) {
    text += ", wait graph (" + std::to_string(row.blocked) + ": " + row.why + ')';
  }
  return text;
}

/// "2", or "1 + 1 suspect".
std::string proof_words(const Row& row) {
  if (!row.proof_problem.empty()) {
    return "none";
  }
  const std::string proven = row.proven == 0 ? "-" : std::to_string(row.proven);
  return row.suspects == 0 ? proven : proven + " + " + std::to_string(row.suspects) + " suspect";
}

void print_rows(std::ostream& out, Group group) {
  constexpr std::size_t kId = 34;
  constexpr std::size_t kLeaked = 14;
  constexpr std::size_t kRuns = 8;
  constexpr std::size_t kQuiet = 14;
  constexpr std::size_t kReason = 60;
  constexpr std::size_t kProof = 15;
  for (const Shown& shown : table()) {
    const Row& row = shown.row;
    if (row.group != group) {
      continue;
    }
    const std::string quiet = row.quiet_runs == 0 ? "-"
                                                  : std::to_string(row.false_alarms) + " in " +
                                                        std::to_string(row.quiet_runs);
    out << padded(row.id, kId)
        << padded(std::to_string(shown.runs_as_expected) + '/' + std::to_string(shown.runs), kRuns)
        << padded(row.leaked, kLeaked) << padded(row.reason, kReason) << padded(quiet, kQuiet)
        << padded(proof_words(row), kProof) << detected_by(row) << '\n';
  }
}

void print_summary(std::ostream& out) {
  std::string separator;
  for (const GroupWords& words : kGroups) {
    std::map<std::string, bool> ids;
    for (const Shown& shown : table()) {
      if (shown.row.group == words.group) {
        bool& fits = ids.try_emplace(counted_as(shown.row.id), true).first->second;
        fits = fits && shown.runs_as_expected == shown.runs;
      }
    }
    out << separator
        << std::count_if(ids.begin(), ids.end(), [](const auto& each) { return each.second; })
        << " of " << words.total << ' ' << words.words;
    separator = ", ";
  }
  std::uint64_t quiet = 0;
  std::uint64_t quiet_runs = 0;
  std::uint64_t alarms = 0;
  for (const Shown& shown : table()) {
    quiet += shown.row.quiet_runs > 0 ? 1 : 0;
    quiet_runs += shown.row.quiet_runs;
    alarms += shown.row.false_alarms;
  }
  out << ";\n"
      << alarms << " false positives of " << quiet << " fixed twins and controls in " << quiet_runs
      << " runs\n";
}

void print_comparison(std::ostream& out) {
  std::uint64_t kernels = 0;
  std::uint64_t found = 0;
  std::uint64_t judged = 0;
  std::uint64_t judged_by_locks = 0;
  std::uint64_t proven = 0;
  for (const Shown& shown : table()) {
    if (shown.row.group == Group::kKernel) {
      ++kernels;
      found += shown.row.is_found ? 1 : 0;
      judged += shown.row.blocked > 0 ? 1 : 0;
      judged_by_locks += shown.row.locks_only > 0 ? 1 : 0;
      proven += shown.row.proven > 0 ? 1 : 0;
    }
  }
  out << "of the 36 kernels: test check " << found << ", wait graph " << judged
      << " (channels say who may use them; " << judged_by_locks
      << " from locks and conditions that say nothing more), proof " << proven
      << " (whatever primitives say)\n"
         "for comparison, of these 36: goleak 22, Go 1.27's goroutineleak profile 32; of the full "
         "set of 68: 43 and 62.\n"
         "goleak misses the tests that hang themselves: here their bodies are tasks, and the test "
         "goes on.\n";
  // 33 can be proven. A word that nobody uses any more may hide any of them in one run, on a busy
  // machine some; a search that finds less than goleak has a fault.
  constexpr std::uint64_t kAll = 36;
  constexpr std::uint64_t kFoundByGoleak = 22;
  EXPECT_TRUE(kernels < kAll || proven >= kFoundByGoleak) << proven << " proven";
}

class TablePrinter : public testing::Environment {
 public:
  void TearDown() override {
    std::ostringstream text;
    text << padded("id", 34) << padded("runs", 8) << padded("leaked", 14)
         << padded("wait reason, expected / got", 60) << padded("false alarms", 14)
         << padded("proof", 15) << "detected by\n";
    for (const GroupWords& words : kGroups) {
      print_rows(text, words.group);
    }
    text << '\n';
    print_summary(text);
    print_comparison(text);
    std::cout << '\n' << text.str() << std::flush;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
    if (const char* const path = std::getenv("XGOPS_KERNEL_TABLE")) {
      std::ofstream(path) << text.str();
    }
  }
};
// GoogleTest owns it.
[[maybe_unused]] const auto* const kPrinter = testing::AddGlobalTestEnvironment(new TablePrinter);

}  // namespace

void add_row(const Row& row) {
  const auto found = std::find_if(table().begin(), table().end(), [&](const Shown& known) {
    return known.row.group == row.group && known.row.id == row.id;
  });
  Shown& shown = found != table().end() ? *found : table().emplace_back();
  const std::uint64_t quiet_runs = shown.row.quiet_runs + row.quiet_runs;
  const std::uint64_t false_alarms = shown.row.false_alarms + row.false_alarms;
  if (shown.runs == 0 || (shown.runs == shown.runs_as_expected && !row.is_as_expected)) {
    shown.row = row;
  }
  shown.row.quiet_runs = quiet_runs;
  shown.row.false_alarms = false_alarms;
  ++shown.runs;
  shown.runs_as_expected += row.is_as_expected ? 1 : 0;
}

}  // namespace kernels
