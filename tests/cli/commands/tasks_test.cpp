// SPDX-License-Identifier: MIT
// Commands that ask for tasks, from arguments to output; answers that are broken or huge.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "cli/support/sample_stream.hpp"
#include "cli/support/sample_tasks.hpp"
#include "commands/task_filter.hpp"
#include "commands/tasks_builder.hpp"
#include "support/json.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::Tasks;
using test::CliResult;
using test::parse_json;
using Stream = std::vector<Tasks::Response>;

class TaskCommandsTest : public testing::Test {
 protected:
  void start(const std::function<void(test::FakeAgentOptions&)>& change = {}) {
    test::FakeAgentOptions options = test::plausible_agent();
    options.stacks = test::sample_stacks_stream();
    options.tasks = test::sample_tasks_stream();
    options.task_groups = test::sample_task_groups_stream();
    if (change) {
      change(options);
    }
    agent_.reset();
    agent_ = std::make_unique<test::FakeAgent>(directory_.path(), std::move(options));
  }
  /// With `-p` this process.
  CliResult inspect(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-p", std::to_string(::getpid())});
    return test::run_cli(directory_.path(), arguments);
  }
  /// The ids that `xgops tasks` shows with these options, in order.
  std::vector<int> ids(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"tasks", "--json"});
    std::vector<int> found;
    const auto document = parse_json(inspect(arguments).out);
    for (const auto& task : document["tasks"]) {
      found.push_back(task["id"]);
    }
    return found;
  }

  test::TempDir directory_;
  std::unique_ptr<test::FakeAgent> agent_;
};

TEST_F(TaskCommandsTest, TasksPrintsATable) {
  start();

  const CliResult result = inspect({"tasks"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden("tasks-command.txt", result.out);
  EXPECT_FALSE(agent_->last_tasks_request().group);
}

TEST_F(TaskCommandsTest, TasksFilters) {
  start();

  EXPECT_EQ(ids({"--state", "running"}), (std::vector{2}));
  EXPECT_EQ(ids({"--wait", "timer"}), (std::vector{20, 21, 22}));
  EXPECT_EQ(ids({"--wait", "socket_rec"}), (std::vector{19}));
  EXPECT_EQ(ids({"--wait", "socket rec"}), (std::vector{19}));
  EXPECT_EQ(ids({"--wait", "tenant"}), (std::vector{26}));
  EXPECT_EQ(ids({"--name", "acc*"}), (std::vector{1}));
  EXPECT_EQ(ids({"--site", "main.cpp:12"}), (std::vector{1}));
  EXPECT_EQ(ids({"--site", "session.cpp:91"}).size(), 13U);
  EXPECT_EQ(ids({"--older", "1min"}), (std::vector{1, 23}));
  EXPECT_EQ(ids({"--wait", "timer", "--older", "1min"}), (std::vector<int>{}));
}

TEST_F(TaskCommandsTest, TasksSortsAndLimits) {
  start();

  const std::vector<int> by_age = ids({});
  EXPECT_EQ((std::vector{by_age[0], by_age[1], by_age[2]}), (std::vector{1, 23, 20}));
  EXPECT_EQ(ids({"--limit", "2"}), (std::vector{1, 23}));
  EXPECT_EQ(ids({"--sort", "resumed", "--limit", "2"}), (std::vector{1, 4}));
  EXPECT_EQ(ids({"--sort", "site"})[0], 3);
  const CliResult result = inspect({"tasks", "--limit", "2"});
  EXPECT_NE(result.err.find("17 more tasks are not shown"), std::string::npos) << result.err;
  EXPECT_EQ(inspect({"tasks", "--limit", "0"}).err, "");
}

TEST_F(TaskCommandsTest, TasksShowsOneWhole) {
  start();

  const CliResult result = inspect({"tasks", "--task", "1"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  EXPECT_EQ(agent_->last_tasks_request().id, 1U);
  EXPECT_EQ(result.out.find("task 1 \"acceptor\" [accept fd 7, 3 min]"), 0U) << result.out;
  const CliResult missing = inspect({"tasks", "--task", "12345678901"});
  EXPECT_EQ(missing.status, ExitStatus::kTarget);
  EXPECT_NE(missing.err.find("there is no task 12345678901"), std::string::npos) << missing.err;
  EXPECT_EQ(inspect({"tasks", "--task", "x"}).status, ExitStatus::kUsage);
}

TEST_F(TaskCommandsTest, StackPrintsThreadsAndTasks) {
  start();

  const CliResult both = inspect({"stack", "--no-symbols"});
  EXPECT_TRUE(agent_->last_tasks_request().group);
  const CliResult threads = inspect({"stack", "--no-symbols", "--threads"});
  const CliResult tasks = inspect({"stack", "--no-symbols", "--tasks"});

  test::expect_golden("stack-tasks-command.txt", both.out);
  EXPECT_NE(threads.out.find("\n3 threads in "), std::string::npos) << threads.out;
  EXPECT_NE(tasks.out.find("\n347 tasks in "), std::string::npos) << tasks.out;
  EXPECT_EQ(tasks.out.find("thread 11"), std::string::npos);
}

TEST_F(TaskCommandsTest, StackShowsOneTask) {
  start();

  const CliResult result = inspect({"stack", "--task", "19", "--max-frames", "9"});

  const Tasks::Request request = agent_->last_tasks_request();
  EXPECT_FALSE(request.group);
  EXPECT_EQ(request.id, 19U);
  EXPECT_EQ(request.max_frames, 9U);
  EXPECT_EQ(result.out.find("task 19 ["), 0U) << result.out;
  inspect({"stack", "--no-group"});
  EXPECT_FALSE(agent_->last_tasks_request().group);
}

TEST_F(TaskCommandsTest, AnAgentOfBeforeTasksShowsItsThreads) {
  start([](test::FakeAgentOptions& options) { options.has_tasks = false; });

  const CliResult both = inspect({"stack", "--no-symbols"});
  EXPECT_EQ(both.status, ExitStatus::kOk);
  EXPECT_EQ(both.err, "");
  test::expect_golden("stack-command.txt", both.out);
  const CliResult tasks = inspect({"stack", "--no-symbols", "--tasks"});
  EXPECT_EQ(tasks.status, ExitStatus::kPartial);
  EXPECT_NE(tasks.err.find("agent 0.1.0 has no tasks"), std::string::npos) << tasks.err;
  EXPECT_EQ(tasks.out, both.out);
  const CliResult table = inspect({"tasks"});
  EXPECT_EQ(table.status, ExitStatus::kTarget);
  EXPECT_NE(table.err.find("has no task list (needs 0.1)"), std::string::npos) << table.err;
}

TEST_F(TaskCommandsTest, AnAnswerIsPartialWhenTasksAreMissing) {
  for (const bool truncated : {false, true}) {
    start([&](test::FakeAgentOptions& options) {
      for (Stream* stream : {&options.tasks, &options.task_groups}) {
        stream->back().truncated = truncated;
        stream->back().dropped = truncated ? 0 : 1;
      }
    });
    EXPECT_EQ(inspect({"tasks"}).status, ExitStatus::kPartial);
    EXPECT_EQ(inspect({"stack"}).status, ExitStatus::kPartial);
  }
}

SymbolOptions no_symbols() {
  SymbolOptions options;
  options.symbolize = false;
  return options;
}

/// What the command says of a stream that `change` has broken.
std::string error_of(const std::function<void(Stream&)>& change, bool group = false) {
  Stream stream = group ? test::sample_task_groups_stream() : test::sample_tasks_stream();
  change(stream);
  TasksBuilder builder(no_symbols());
  for (Tasks::Response& part : stream) {
    builder.add(std::move(part));
  }
  const auto table = builder.finish();
  return table ? std::string() : table.error().context;
}

TEST(TasksBuilderTest, RefusesAnIdThatRefersToNothing) {
  const auto expect_broken = [](const std::function<void(Stream&)>& change,
                                const std::string& what) {
    EXPECT_NE(error_of(change).find(what), std::string::npos) << what << ": " << error_of(change);
  };
  EXPECT_EQ(error_of([](Stream&) {}), "");
  expect_broken([](Stream& s) { s[1].tasks[0].name = 42; }, "task 1 refers to no text");
  expect_broken([](Stream& s) { s[1].tasks[0].detail = 0xffffffff; }, "task 1 refers to no text");
  expect_broken([](Stream& s) { s[1].tasks[0].labels = 1; }, "task 1 refers to no text");
  expect_broken([](Stream& s) { s[1].tasks[0].created_at = 1; }, "task 1 refers to no location");
  expect_broken([](Stream& s) { s[1].tasks[0].chain = 1; }, "task 1 refers to no chain");
  expect_broken([](Stream& s) { s[1].tasks[0].creation_stack = 1; }, "task 1 refers to no stack");
  expect_broken([](Stream& s) { s[0].chains[0].locations[0] = 1; },
                "a chain refers to location 1 that never came");
}

TEST(TasksBuilderTest, RefusesIdsThatMeanTwoThings) {
  EXPECT_NE(error_of([](Stream& s) { s[0].texts[1].id = s[0].texts[0].id; }), "");
  EXPECT_NE(error_of([](Stream& s) { s[0].locations[1].id = 0; }), "");
}

TEST(TasksBuilderTest, RefusesGroupsThatContradictThemselves) {
  EXPECT_EQ(error_of([](Stream&) {}, true), "");
  EXPECT_NE(error_of([](Stream& s) { s[0].groups[0].count = 0; }, true), "");
  EXPECT_NE(error_of([](Stream& s) { s[0].groups[0].ids = {1, 2}; }, true), "");
  EXPECT_NE(error_of([](Stream& s) { s[0].groups[2].ids.resize(9); }, true), "");
  EXPECT_NE(error_of([](Stream& s) { s[0].groups[0].longest.chain = 1; }, true), "");
}

TEST(TasksBuilderTest, TakesAMillionTasks) {
  constexpr std::uint64_t kTasks = 1'000'000;
  TasksBuilder builder(no_symbols());
  Tasks::Response first;
  first.texts = {{1, "detail"}};
  first.locations = {{1, 57, "server.cpp", "run"}};
  first.chains = {{1, {1}}};
  builder.add(first);
  Tasks::Response part;
  part.total = kTasks;
  for (std::uint64_t id = 1; id <= kTasks; ++id) {
    Task& task = part.tasks.emplace_back();
    task.id = id;
    task.state = protocol::TaskState::kWaiting;
    task.reason = protocol::TaskWaitReason::kTimer;
    task.chain = task.created_at = task.detail = 1;
    task.state_age_ns = static_cast<std::int64_t>(id);
    if (id % 1000 == 0) {
      builder.add(std::exchange(part, {}));
    }
  }

  auto table = builder.finish();

  ASSERT_TRUE(table) << table.error().context;
  TaskFilter filter;
  filter.wait = "timer";
  filter.site = "server";
  EXPECT_EQ(keep_matching(*table, filter), kTasks);
  sort_tasks(*table, TaskSort::kAge, 3);
  ASSERT_EQ(table->tasks.size(), 3U);
  EXPECT_EQ(table->tasks[0].id, kTasks);
}

}  // namespace
}  // namespace xgops::cli
