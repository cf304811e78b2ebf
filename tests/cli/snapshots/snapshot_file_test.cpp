// SPDX-License-Identifier: MIT
#include "snapshots/snapshot_file.hpp"

#include "cli/support/sample_stream.hpp"
#include "cli/support/sample_tasks.hpp"
#include "support/failure.hpp"
#include "xgops/protocol/codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::cli {
namespace {

Snapshot sample() {
  Snapshot snapshot;
  snapshot.boot_id = "3e3b1d3c-0d6e-4b6a-9d39-6c3b2f0a7f55";
  snapshot.time_ns = 1'715'436'200'000'000'000;
  snapshot.since_boot_ns = 42;
  snapshot.pid = 4711;
  snapshot.name = "bank";
  snapshot.hello.capabilities = {3, 4, 5, 6, 7, 8, 9};
  snapshot.hello.pid = 7;
  snapshot.hello.start_time_ticks = 99;
  snapshot.hello.instance_id = {1, 2, 3};
  snapshot.hello.agent_version = "0.1.0";
  snapshot.stacks = test::sample_stacks_stream();
  snapshot.tasks = test::sample_tasks_stream();
  snapshot.waits.resize(1);
  return snapshot;
}

std::string problem_of(const std::string& file) {
  const auto parsed = parse_snapshot(file);
  if (parsed) {
    return {};
  }
  EXPECT_EQ(parsed.error().code, Failure::kBadAnswer);
  return parsed.error().context;
}

TEST(SnapshotFileTest, KeepsWhatItWasGiven) {
  const std::string file = encode_snapshot(sample());

  const auto parsed = parse_snapshot(file);

  ASSERT_TRUE(parsed) << parsed.error().context;
  EXPECT_EQ(encode_snapshot(*parsed), file);
  EXPECT_EQ(parsed->boot_id, sample().boot_id);
  EXPECT_EQ(parsed->time_ns, sample().time_ns);
  EXPECT_EQ(parsed->since_boot_ns, 42U);
  EXPECT_EQ(parsed->pid, 4711);
  EXPECT_EQ(parsed->name, "bank");
  EXPECT_EQ(parsed->hello.instance_id, sample().hello.instance_id);
  EXPECT_EQ(parsed->tasks.size(), sample().tasks.size());
}

TEST(SnapshotFileTest, SaysInItsFirstLinesWhatItIs) {
  EXPECT_EQ(encode_snapshot(sample()).substr(0, 26), "xgops-snapshot 1\nboot_id 3");
}

TEST(SnapshotFileTest, IsRefusedWhereverItIsCut) {
  const std::string file = encode_snapshot(sample());

  for (std::size_t length = 0; length < file.size(); ++length) {
    ASSERT_NE(problem_of(file.substr(0, length)), "") << length;
  }
}

TEST(SnapshotFileTest, IsRefusedWhenItIsSomethingElse) {
  EXPECT_NE(problem_of("").find("it is no snapshot"), std::string::npos);
  EXPECT_NE(problem_of("{\"schema\":\"xgops.tasks/1\"}\n\n").find("it is no snapshot"),
            std::string::npos);
  EXPECT_NE(problem_of("xgops-snapshot 2\npid 1\n\n").find("does not know"), std::string::npos);
  EXPECT_NE(problem_of("xgops-snapshot 1\npid -1\n\n").find("of which process"), std::string::npos);
  EXPECT_NE(problem_of(encode_snapshot(sample()) + encode_snapshot(sample())), "");
}

TEST(SnapshotFileTest, GoesNotOnAfterItsEnd) {
  Snapshot twice = sample();
  const std::string file = encode_snapshot(twice);
  twice.stacks.clear();
  const std::string more = encode_snapshot(twice);

  EXPECT_EQ(problem_of(file + more.substr(more.find("\n\n") + 2)), "it is of two processes");
  EXPECT_EQ(problem_of(more), "it is cut short") << "without threads";
}

TEST(SnapshotFileTest, HasNobodyTwice) {
  Snapshot threads = sample();
  threads.stacks.resize(2);
  threads.stacks[0].threads.assign(1, {});
  threads.stacks[1].threads.assign(1, {});
  Snapshot tasks = sample();
  tasks.tasks.resize(2);
  tasks.tasks[0].tasks.assign(1, {});
  tasks.tasks[1].tasks.assign(1, {});

  EXPECT_EQ(problem_of(encode_snapshot(threads)), "it has a thread twice");
  EXPECT_EQ(problem_of(encode_snapshot(tasks)), "it has a task twice");
}

TEST(SnapshotFileTest, PassesOverKeysAndMessagesThatItDoesNotKnow) {
  std::string file = encode_snapshot(sample());
  file.insert(file.find("pid "), "colour blue\n");
  protocol::Header later;
  later.type = static_cast<protocol::MessageType>(999);
  const auto message = protocol::with_header(later, {});
  file.append(reinterpret_cast<const char*>(message.data()), message.size());

  EXPECT_EQ(problem_of(file), "");
}

TEST(SnapshotFileTest, KeepsNoNameThatCouldCommandATerminal) {
  Snapshot evil = sample();
  evil.name = "e\x1b[2J\nvil";

  const auto parsed = parse_snapshot(encode_snapshot(evil));

  ASSERT_TRUE(parsed) << parsed.error().context;
  EXPECT_EQ(parsed->name, "e\\x1b[2J\\x0avil");
}

}  // namespace
}  // namespace xgops::cli
