// SPDX-License-Identifier: MIT
// Who created whom, also when the answer makes no sense.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "cli/support/sample_tasks.hpp"
#include "commands/task_tree.hpp"
#include "output/json.hpp"
#include "output/text.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

/// Ids with their parents, in ascending order of id.
TaskTable family(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& members) {
  TaskTable table;
  for (const auto& member : members) {
    protocol::Task& task = table.tasks.emplace_back();
    task.id = member.first;
    task.parent = member.second;
    // Different for each, so that none are equal.
    task.tid = static_cast<std::int32_t>(member.first);
    task.state = protocol::TaskState::kRunning;
  }
  table.total = table.tasks.size();
  return table;
}

/// "1 .2 ..3": ids with a dot for each level.
std::string outline(const TaskTable& table) {
  std::string text;
  for (const TreeNode& node : task_tree(table)) {
    text += (text.empty() ? "" : " ") + std::string(node.depth, '.') +
            std::to_string(node.group.longest.id);
  }
  return text;
}

TreeReport sample_tree() {
  TreeReport report;
  report.process = {4711, 7, "bank", "0.1.0"};
  report.table = test::sample_task_table(test::sample_tasks_stream());
  // Below the session that reads: two equal timers and what one of them created.
  for (protocol::Task& task : report.table.tasks) {
    task.parent = task.id >= 20 && task.id <= 23 ? 19 : task.parent;
  }
  report.nodes = task_tree(report.table);
  return report;
}

TEST(TaskTreeTest, PutsTasksBelowTheirParents) {
  EXPECT_EQ(outline(family({{1, 0}, {2, 1}, {3, 0}, {4, 2}, {5, 1}})), "1 .2 ..4 .5 3");
  EXPECT_EQ(outline(family({{1, 4}, {4, 0}})), "4 .1");
  EXPECT_EQ(outline({}), "");
}

TEST(TaskTreeTest, PutsOrphansAtTheRoot) {
  TaskTable table = family({{2, 1}, {3, 2}});
  EXPECT_EQ(outline(table), "2 .3");
  EXPECT_EQ(task_tree(table)[0].origin, Origin::kEnded);
  table.dropped = 1;
  EXPECT_EQ(task_tree(table)[0].origin, Origin::kUnseen);
}

TEST(TaskTreeTest, CutsRings) {
  EXPECT_EQ(outline(family({{1, 1}})), "1");
  EXPECT_EQ(outline(family({{1, 2}, {2, 1}})), "1 .2");
  EXPECT_EQ(outline(family({{1, 2}, {2, 3}, {3, 1}, {4, 3}, {5, 0}})), "1 .3 ..2 ..4 5");
  EXPECT_EQ(task_tree(family({{1, 2}, {2, 1}}))[0].origin, Origin::kCycle);
}

TEST(TaskTreeTest, CollapsesEqualSiblingsWithAllThatIsBelow) {
  TaskTable table = family({{1, 0}, {2, 1}, {3, 1}, {4, 2}, {5, 3}, {6, 1}, {7, 0}, {8, 7}});
  for (protocol::Task& task : table.tasks) {
    task.tid = 0;
  }

  const auto nodes = task_tree(table);

  ASSERT_EQ(nodes.size(), 6U);  // 1, of these 2 and 3, below them 4; 6; 7; 8.
  EXPECT_EQ(nodes[1].group.ids, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(nodes[2].depth, 2U);
  EXPECT_EQ(nodes[3].group.ids, (std::vector<std::uint64_t>{6}));
}

TEST(TaskTreeTest, CountsWhatIsTooDeep) {
  constexpr std::uint64_t kTasks = 1'000'000;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> members;
  for (std::uint64_t id = 1; id <= kTasks; ++id) {
    members.emplace_back(id, id - 1);
  }

  const auto nodes = task_tree(family(members));

  ASSERT_EQ(nodes.size(), std::size_t{kMaxTreeDepth});
  EXPECT_EQ(nodes.back().hidden, kTasks - kMaxTreeDepth);
}

TEST(TreeTextTest, DrawsLines) {
  test::expect_golden("tree.txt", tree_text(sample_tree(), {}));
}

TEST(JsonTest, RendersATree) {
  test::expect_golden_json("tree.json", tree_json(sample_tree()));
}

TEST(TreeCommandTest, PrintsTheTree) {
  const test::TempDir directory;
  test::FakeAgentOptions options = test::plausible_agent();
  options.tasks = test::sample_tasks_stream();
  const test::FakeAgent agent(directory.path(), options);

  const auto bare = test::run_cli(directory.path(), {"tree", std::to_string(::getpid())});
  const auto tasks =
      test::run_cli(directory.path(), {"tree", "--tasks", std::to_string(::getpid())});

  EXPECT_EQ(bare.status, ExitStatus::kOk) << bare.err;
  EXPECT_EQ(bare.out.find("task 1 \"acceptor\" [accept fd 7, 3 min] listen(unsigned short) "
                          "server.cpp:57\n"),
            0U)
      << bare.out;
  EXPECT_EQ(bare.out, tasks.out);
}

}  // namespace
}  // namespace xgops::cli
