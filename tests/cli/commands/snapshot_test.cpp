// SPDX-License-Identifier: MIT
// `xgops snapshot` and `xgops diff`, of a process that a fake agent speaks for.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "cli/support/sample_stream.hpp"
#include "cli/support/sample_tasks.hpp"
#include "snapshots/snapshot_file.hpp"
#include "support/json.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

namespace fs = std::filesystem;
using test::parse_json;

class SnapshotCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    options_ = test::plausible_agent();
    options_.stacks = test::sample_stacks_stream();
    options_.tasks = test::sample_tasks_stream();
  }
  [[nodiscard]] test::CliResult xgops(const std::vector<std::string>& arguments) const {
    const test::FakeAgent agent(sockets_.path(), options_);
    return test::run_cli(sockets_.path(), arguments);
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (files_.path() / name).string();
  }
  [[nodiscard]] test::CliResult take(const std::string& name,
                                     std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"snapshot", "-p", std::to_string(::getpid()), "-o", file(name)});
    return xgops(more);
  }
  /// Rewrites a snapshot with `change` made to it.
  void change(const std::string& name, const std::function<void(Snapshot&)>& change) const {
    std::ifstream in(file(name), std::ios::binary);
    auto snapshot = parse_snapshot(std::string(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(snapshot) << snapshot.error().context;
    change(*snapshot);
    std::ofstream(file(name), std::ios::binary) << encode_snapshot(*snapshot);
  }
  /// What differs from run to run, made equal.
  [[nodiscard]] std::string steady(const std::string& text) const {
    std::string out = std::regex_replace(text, std::regex(files_.path().string() + "/"), "");
    out = std::regex_replace(out, std::regex(std::to_string(::getpid())), "4711");
    out = std::regex_replace(out, std::regex("[0-9.]+ KiB"), "3.0 KiB");
    out = std::regex_replace(out, std::regex("\\(cli_test\\)"), "(bank)");
    out = std::regex_replace(out, std::regex("\"cli_test\""), "\"bank\"");
    return std::regex_replace(out, std::regex("20[0-9-]+T[0-9:]+Z"), "2024-05-11T14:03:20Z");
  }
  /// Two snapshots ten minutes apart between which something happened.
  void take_two() {
    ASSERT_EQ(take("a").status, ExitStatus::kOk);
    for (auto& part : options_.tasks) {
      std::erase_if(part.tasks, [](const protocol::Task& task) { return task.id == 31; });
      for (protocol::Task& task : part.tasks) {
        task.resumed += task.id == 26 ? 1U : 0U;
        task.id = task.id == 32 ? 40 : task.id;
      }
    }
    ASSERT_EQ(take("b").status, ExitStatus::kOk);
    change("a", [](Snapshot& snapshot) { snapshot.since_boot_ns = 0; });
    change("b", [](Snapshot& snapshot) { snapshot.since_boot_ns = 600'000'000'000; });
  }

  test::FakeAgentOptions options_;
  const test::TempDir sockets_;
  const test::TempDir files_;
};

TEST_F(SnapshotCommandTest, WritesAFileThatOnlyItsOwnerReads) {
  std::ofstream(file("a")) << "what was there before";

  const auto result = take("a");

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden("snapshot.txt", steady(result.out));
  EXPECT_EQ(fs::status(file("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(files_.path()), fs::directory_iterator()), 1);
}

TEST_F(SnapshotCommandTest, SaysForProgramsWhatItWrote) {
  const auto answer = parse_json(take("a", {"--json"}).out);

  EXPECT_EQ(answer["schema"], "xgops.snapshot/1");
  EXPECT_EQ(answer["file"], file("a"));
  EXPECT_EQ(answer["tasks"], 19);
  EXPECT_EQ(answer["bytes"], fs::file_size(file("a")));
}

TEST_F(SnapshotCommandTest, NeedsAFile) {
  const auto result = xgops({"snapshot", "-p", std::to_string(::getpid())});

  EXPECT_EQ(result.status, ExitStatus::kUsage);
  EXPECT_NE(result.err.find("a snapshot needs a file"), std::string::npos) << result.err;
}

TEST_F(SnapshotCommandTest, LeavesNothingBehindWhenTheProcessDoesNotAnswer) {
  options_.behaviour = test::Behaviour::kClosesInPayload;

  EXPECT_EQ(take("a").status, ExitStatus::kTarget);
  EXPECT_TRUE(fs::is_empty(files_.path()));
}

TEST_F(SnapshotCommandTest, ComparesTwoFiles) {
  take_two();

  const auto result = xgops({"diff", file("a"), file("b")});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden("diff.txt", steady(result.out));
}

TEST_F(SnapshotCommandTest, ComparesThemForPrograms) {
  take_two();

  test::expect_golden_json("diff.json",
                           steady(xgops({"--json", "diff", file("a"), file("b")}).out));
}

TEST_F(SnapshotCommandTest, ComparesAFileWithNow) {
  take_two();

  const auto result = xgops({"diff", file("a"), "-p", std::to_string(::getpid()), "--json"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  const auto answer = parse_json(result.out);
  EXPECT_TRUE(answer["younger"]["file"].is_null());
  EXPECT_EQ(answer["new"], 1);
  EXPECT_EQ(answer["gone"], 2);
}

TEST_F(SnapshotCommandTest, ComparesSwappedFilesInTheOrderOfTime) {
  take_two();

  const auto right = xgops({"diff", file("a"), file("b")});
  const auto swapped = xgops({"diff", file("b"), file("a")});

  EXPECT_EQ(swapped.out, right.out);
  EXPECT_NE(swapped.err.find("is younger than"), std::string::npos) << swapped.err;
}

TEST_F(SnapshotCommandTest, RefusesSnapshotsOfDifferentProcesses) {
  take_two();
  const auto refused = [&](const std::function<void(Snapshot&)>& how) {
    EXPECT_EQ(take("c").status, ExitStatus::kOk);
    change("c", how);
    const auto result = xgops({"diff", file("a"), file("c")});
    EXPECT_EQ(result.status, ExitStatus::kUsage);
    return result.err;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };

  has(refused([](Snapshot& other) { other.hello.pid = other.pid = 1; }), "of process 1 ");
  has(refused([](Snapshot& other) { ++other.hello.start_time_ticks; }), "with the same PID");
  has(refused([](Snapshot& other) { other.hello.instance_id[3] = 1; }), "it has called exec");
  has(refused([](Snapshot& other) { other.boot_id = "x"; }), "the machine was started anew");
}

TEST_F(SnapshotCommandTest, SaysWhichFileIsDamaged) {
  ASSERT_EQ(take("a").status, ExitStatus::kOk);
  change("a", [](Snapshot& snapshot) { snapshot.stacks[0].threads[0].stack_id = 0xbad; });

  const auto result = xgops({"diff", file("a"), file("a")});

  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_NE(result.err.find("/a is damaged: "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("refers to no stack"), std::string::npos) << result.err;
}

TEST_F(SnapshotCommandTest, SendsNoSignalWhenItMayNot) {
  ASSERT_EQ(take("a").status, ExitStatus::kOk);
  const test::FakeAgent agent(sockets_.path(), options_);
  const auto with_now = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"diff", file("a"), "-p", std::to_string(::getpid())});
    EXPECT_EQ(test::run_cli(sockets_.path(), more).status, ExitStatus::kOk);
    return agent.last_stacks_request().interrupt;
  };

  EXPECT_TRUE(with_now({}));
  EXPECT_FALSE(with_now({"--no-interrupt"}));
}

TEST_F(SnapshotCommandTest, RefusesWhatIsNoSnapshot) {
  std::ofstream(file("a")) << "[core]\n\n";

  const auto result = xgops({"diff", file("a"), file("a")});
  const auto missing = xgops({"diff", file("none"), file("a")});
  const auto none = xgops({"diff", file("a")});

  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_NE(result.err.find("a: it is no snapshot"), std::string::npos) << result.err;
  EXPECT_NE(missing.err.find("No such file"), std::string::npos) << missing.err;
  EXPECT_EQ(none.status, ExitStatus::kUsage);
  EXPECT_NE(none.err.find("what is to be compared?"), std::string::npos) << none.err;
}

}  // namespace
}  // namespace xgops::cli
