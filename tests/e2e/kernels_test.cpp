// SPDX-License-Identifier: MIT
// Real lock bugs, as coroutines and with threads, at -O0 and -O2: each is found, with the right
// members, waits and owners, and of its fixed twin and of what only looks like one nothing is said.
//
// XGOPS_KERNEL_RUNS says how often each is started; the default is 3.
#include "e2e.hpp"

#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace xgops::test {
namespace {

using std::string;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kVerdictDeadline{30};

int runs() {
  const char* const text = std::getenv("XGOPS_KERNEL_RUNS");
  return text == nullptr ? 3 : std::max(1, std::atoi(text));
}

struct Member {
  string name;
  string wait;        ///< The reason; of threads with an announced wait its words.
  string owner = {};  ///< Its name; empty: not known, or nobody.
};

struct Kernel {
  string world;  ///< "tasks" or "threads".
  string name;
  string rule;
  std::vector<Member> members;  ///< In a circle each waits for the next.
  std::uint64_t behind = 0;     ///< Who waits behind them.
};

void PrintTo(const Kernel& kernel, std::ostream* out) {
  *out << kernel.world << '_' << kernel.name;
}

const std::vector<Kernel>& kernels() {
  static const std::vector<Kernel> all{
      {"tasks", "cockroach_584", "deadlock", {{"T1", "mutex_lock", "T1"}}},
      {"tasks", "etcd_10492", "deadlock", {{"test", "rwlock_write", "test"}}},
      {"tasks", "etcd_5509", "holder-gone", {{"test", "rwlock_write"}}},
      {"tasks", "grpc_795", "deadlock", {{"test", "mutex_lock", "test"}}, 1},
      {"tasks", "moby_17176", "holder-gone", {{"T1", "mutex_lock"}}},
      {"tasks", "moby_7559", "deadlock", {{"T1", "mutex_lock", "T1"}}},
      {"tasks",
       "cockroach_10214",
       "deadlock",
       {{"T1", "mutex_lock", "T2"}, {"T2", "mutex_lock", "T1"}}},
      {"tasks",
       "kubernetes_13135",
       "deadlock",
       {{"T2", "rwlock_write", "T3"}, {"T3", "mutex_lock", "T2"}}},
      {"tasks", "moby_4951", "deadlock", {{"T1", "mutex_lock", "T2"}, {"T2", "mutex_lock", "T1"}}},
      {"tasks",
       "cockroach_16167",
       "deadlock",
       {{"test", "rwlock_read", "T1"}, {"T1", "rwlock_write", "test"}}},
      {"tasks",
       "cockroach_3710",
       "deadlock",
       {{"T1", "rwlock_read", "T2"}, {"T2", "rwlock_write", "T1"}}},
      {"tasks",
       "kubernetes_58107",
       "nobody-can-run",
       {{"", "future"},
        {"W1", "condition_wait"},
        {"S", "rwlock_write", "W1"},
        {"W2", "rwlock_read", "S"}}},
      {"tasks", "grpc_1460", "deadlock", {{"T1", "channel_receive"}, {"T2", "mutex_lock", "T1"}}},
      {"tasks",
       "etcd_7902",
       "deadlock",
       {{"C1", "channel_receive"}, {"C2", "mutex_lock", "C1"}},
       2},
      {"tasks", "etcd_7443", "deadlock", {{"W", "channel_send"}}, 3},
      {"tasks", "istio_16224", "deadlock", {{"T1", "channel_send"}, {"test", "mutex_lock", "T1"}}},
      {"tasks",
       "kubernetes_26980",
       "deadlock",
       {{"T1", "select"}, {"test", "channel_receive"}, {"T2", "mutex_lock", "T1"}}},
      {"tasks",
       "kubernetes_6632",
       "deadlock",
       {{"T2", "channel_send"}, {"T1", "mutex_lock", "T2"}}},
      {"tasks", "moby_28462", "deadlock", {{"T2", "channel_send"}, {"T1", "mutex_lock", "T2"}}},
      {"tasks", "cockroach_1462", "holder-gone", {{"T1", "channel_send"}}, 1},
      {"tasks", "moby_25384", "holder-gone", {{"T1", "wait_group"}}},

      // Of threads one more waits behind: main, which joins them.
      {"threads", "cockroach_584", "deadlock", {{"T1", "mutex_lock", "T1"}}, 1},
      // glibc counts readers and does not know that the one who read has ended.
      {"threads", "etcd_5509", "nobody-can-run", {{"test", "rwlock_write"}}, 1},
      {"threads", "grpc_795", "deadlock", {{"test", "mutex_lock", "test"}}, 2},
      {"threads", "moby_17176", "holder-gone", {{"T1", "mutex_lock"}}, 1},
      {"threads", "moby_7559", "deadlock", {{"T1", "mutex_lock", "T1"}}, 1},
      {"threads",
       "cockroach_10214",
       "deadlock",
       {{"T1", "mutex_lock", "T2"}, {"T2", "mutex_lock", "T1"}},
       1},
      {"threads",
       "kubernetes_13135",
       "deadlock",
       {{"T2", "rwlock_write", "T3"}, {"T3", "mutex_lock", "T2"}},
       1},
      {"threads",
       "moby_4951",
       "deadlock",
       {{"T1", "mutex_lock", "T2"}, {"T2", "mutex_lock", "T1"}},
       1},
      {"threads",
       "cockroach_16167",
       "nobody-can-run",
       {{"T1", "rwlock_write"}, {"test", "rwlock_read"}},
       1},
      {"threads",
       "cockroach_3710",
       "nobody-can-run",
       {{"T2", "rwlock_write"}, {"T1", "rwlock_read"}},
       1},
      {"threads",
       "kubernetes_58107",
       "nobody-can-run",
       {{"W1", "condition_wait"}, {"S", "rwlock_write"}, {"W2", "rwlock_read"}},
       1},
      {"threads",
       "grpc_1460",
       "deadlock",
       {{"T1", "channel receive"}, {"T2", "mutex_lock", "T1"}},
       1},
      {"threads",
       "etcd_7902",
       "deadlock",
       {{"C1", "channel receive"}, {"C2", "mutex_lock", "C1"}},
       3},
      {"threads", "etcd_7443", "deadlock", {{"W", "channel send"}}, 4},
      {"threads",
       "istio_16224",
       "deadlock",
       {{"T1", "channel send"}, {"test", "mutex_lock", "T1"}},
       1},
      {"threads",
       "kubernetes_26980",
       "deadlock",
       {{"T1", "channel receive"}, {"test", "channel receive"}, {"T2", "mutex_lock", "T1"}},
       1},
      {"threads",
       "kubernetes_6632",
       "deadlock",
       {{"T2", "channel send"}, {"T1", "mutex_lock", "T2"}},
       1},
      {"threads",
       "moby_28462",
       "deadlock",
       {{"T2", "channel send"}, {"T1", "mutex_lock", "T2"}},
       1},
      {"threads", "cockroach_1462", "holder-gone", {{"T1", "channel send"}}, 2},
      {"threads", "moby_25384", "holder-gone", {{"T1", "wait group"}}, 1},
  };
  return all;
}

TargetProcess start_kernel(const Kernel& kernel, const string& level, const string& kind) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments = {kernel.name, kind};
  return TargetProcess::spawn("kernels_" + kernel.world + "_" + level, std::move(options));
}

struct Verdict {
  int status = -1;
  Json document;

  [[nodiscard]] string text() const { return document.dump(1).substr(0, 8000); }
};

Verdict diagnose(const TargetProcess& target, const std::vector<string>& options = {}) {
  std::vector<string> arguments{"diagnose", "-p", target.pid_text(), "--json"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const auto result = target.xgops(arguments);
  return {result.status, Json::parse(result.out, nullptr, false)};
}

/// "" when the finding is what is expected; else what differs.
string difference(const Json& finding, const Kernel& kernel) {
  if (finding["rule"] != kernel.rule) {
    return "rule " + finding["rule"].dump();
  }
  const Json& members = finding["members"];
  if (members.size() != kernel.members.size()) {
    return std::to_string(members.size()) + " members";
  }
  std::map<Json, string> names;  // Of members, by id: negative for threads.
  for (const Json& member : members) {
    names[member["task"].is_null() ? Json(-member["thread"].get<std::int64_t>()) : member["task"]] =
        string_at(member, "name");
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member& expected = kernel.members[i];
    const Json& wait = members[i]["wait"];
    if (!expected.name.empty() && members[i]["name"] != expected.name) {
      return "member " + std::to_string(i) + " is " + members[i]["name"].dump();
    }
    if (wait["reason"] != expected.wait && wait["detail"] != expected.wait) {
      return expected.name + " waits for " + wait.dump();
    }
    const bool by_thread = !wait["owner_tid"].is_null();
    const Json owner =
        by_thread ? Json(-wait["owner_tid"].get<std::int64_t>()) : wait.value("owner_task", Json());
    const auto named = names.find(owner);
    if ((named == names.end() ? string() : named->second) != expected.owner) {
      return expected.name + " waits for what " + owner.dump() + " holds";
    }
  }
  return finding["behind_count"] == kernel.behind ? ""
                                                  : finding["behind_count"].dump() + " wait behind";
}

class KernelTest : public testing::TestWithParam<Kernel> {};

TEST_P(KernelTest, IsFoundAsWhatItIs) {
  for (const string level : {"O0", "O2"}) {
    for (int run = 0; run < runs(); ++run) {
      auto target = start_kernel(GetParam(), level, "bug");
      ASSERT_TRUE(target.wait_ready()) << target.log();
      const auto deadline = steady_clock::now() + kVerdictDeadline;
      string differs = "no answer";
      Verdict answer;
      // Threads may need a moment to come to their last wait.
      while (!differs.empty() && steady_clock::now() < deadline) {
        answer = diagnose(target);
        const Json& findings = answer.document["findings"];
        differs = findings.size() == 1 ? difference(findings[0], GetParam())
                                       : std::to_string(findings.size()) + " findings";
      }
      ASSERT_EQ(differs, "") << level << ", run " << run << "\n" << answer.text();
      EXPECT_EQ(answer.status, 1);
      target.kill();  // It would not end by itself.
    }
  }
}

/// Looks at a fixed kernel; tasks go on one step at a time, and are looked at after each.
void expect_silence(const Kernel& kernel, const string& level) {
  auto target = start_kernel(kernel, level, "fixed");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  for (std::optional<string> progress = "more"; progress != "ended";) {
    ASSERT_TRUE(progress) << target.log();
    ASSERT_NE(*progress, "hangs") << target.log();
    const Verdict answer = diagnose(target);
    ASSERT_EQ(answer.status, 0) << level << "\n" << answer.text();
    ASSERT_TRUE(answer.document["findings"].empty());
    progress = kernel.world == "tasks" ? target.ask("step") : "ended";
  }
}

TEST_P(KernelTest, HasAFixedTwinOfWhichNothingIsSaid) {
  for (const string level : {"O0", "O2"}) {
    for (int run = 0; run < runs(); ++run) {
      expect_silence(GetParam(), level);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, KernelTest, testing::ValuesIn(kernels()),
                         [](const auto& each) { return each.param.world + "_" + each.param.name; });

void expect_no_finding(const string& program, const char* control, Launch launch,
                       const std::vector<string>& diagnose_options = {}) {
  constexpr int kLooks = 10;
  for (const string level : {"O0", "O2"}) {
    TargetOptions options;
    options.launch = launch;
    options.arguments = {control};
    auto target = TargetProcess::spawn(program + '_' + level, std::move(options));
    ASSERT_TRUE(target.wait_ready()) << target.log();
    for (int look = 0; look < kLooks * runs(); ++look) {
      const Verdict answer = diagnose(target, diagnose_options);
      ASSERT_EQ(answer.status, 0) << level << ", look " << look << "\n" << answer.text();
    }
    target.kill();
  }
}

class ControlTest : public testing::TestWithParam<const char*> {};

TEST_P(ControlTest, IsNoFinding) {
  expect_no_finding("kernels_controls", GetParam(), Launch::kPreload);
}

INSTANTIATE_TEST_SUITE_P(Controls, ControlTest,
                         testing::Values("contention", "slow_owner", "sleepers", "signals",
                                         "creation", "ticker", "token", "timed_circle",
                                         "reads_pipe", "posted_by_handler"),
                         [](const auto& each) { return string(each.param); });

class TaskControlTest : public testing::TestWithParam<const char*> {};

TEST_P(TaskControlTest, IsNoFinding) {
  // Not `stall` and `starved-executor`, which rightly complain of those that keep their worker.
  expect_no_finding("kernels_task_controls", GetParam(), Launch::kPlain,
                    {"--rules", "deadlock,holder-gone,nobody-can-run"});
}

INSTANTIATE_TEST_SUITE_P(Controls, TaskControlTest,
                         testing::Values("handed_mutex_asleep", "handed_mutex_busy",
                                         "handed_rwlock_asleep", "handed_rwlock_busy",
                                         "finished_group_asleep", "finished_group_busy",
                                         "filled_channel_asleep", "filled_channel_busy",
                                         "contention", "slow_owner", "readers_and_writers",
                                         "slow_member", "ring", "notified"),
                         [](const auto& each) { return string(each.param); });

}  // namespace
}  // namespace xgops::test
