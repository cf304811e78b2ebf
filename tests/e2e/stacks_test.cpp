// SPDX-License-Identifier: MIT
// Stacks that are hard to read: endless, borrowed, interrupted, without tables, without files.
#include "e2e.hpp"

#include <filesystem>

namespace xgops::test {
namespace {

using std::string;
namespace fs = std::filesystem;

/// That `inner` was called by `outer`, in frames next to each other or not.
testing::AssertionResult calls(const Json& thread, const string& outer, const string& inner) {
  const int outer_position = position_of(thread, outer);
  const int inner_position = position_of(thread, inner);
  if (inner_position >= 0 && outer_position > inner_position) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << inner << " at " << inner_position << ", " << outer << " at "
                                     << outer_position << " in " << thread.dump(1).substr(0, 6000);
}

TEST(DeepStackTest, IsCutAtTheOuterEndAndSaysSo) {
  auto target = TargetProcess::spawn("deep_recursion");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target, {"--max-frames", "100"});

  const Json thread = answer.thread(target, "deep");
  ASSERT_TRUE(thread.is_object()) << describe(answer.command);
  EXPECT_EQ(thread["truncated"], true);
  EXPECT_TRUE(calls(thread, "descend", "deepest"));
  EXPECT_EQ(functions_containing(thread, "descend").size(), 98U);  // Below pause and deepest.
}

TEST(FibreTest, IsReadFromItsBorrowedStack) {
  auto target = TargetProcess::spawn("fibre");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  EXPECT_TRUE(calls(answer.thread(target, "fibre"), "fibre_body", "wait_in_fibre"))
      << describe(answer.command);
}

/// Programs that are linked with the agent; a static one has no loader and no table of tables.
class LinkedTest : public testing::TestWithParam<const char*> {};

TEST_P(LinkedTest, ShowsItsThreadsAsAPreloadedOne) {
  TargetOptions options;
  options.launch = Launch::kPlain;
  auto target = TargetProcess::spawn(GetParam(), options);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  ASSERT_EQ(answer.command.status, 0) << describe(answer.command);
  const Json waiter = answer.thread(target, "waiter");
  const Json spinner = answer.thread(target, "spinner");
  for (const Json& fact : target.facts()) {
    const Json thread = find_thread(answer.document, fact.value("tid", 0));
    EXPECT_EQ(wait_difference(fact, thread), "") << thread;
    EXPECT_EQ(string_at(thread, "status"), "exact") << thread;
  }
  EXPECT_TRUE(calls(waiter, "clone", "wait_for_mutex"));
  EXPECT_TRUE(calls(spinner, "clone", "spin_here"));
}

INSTANTIATE_TEST_SUITE_P(Stacks, LinkedTest, testing::Values("linked", "linked_static"),
                         [](const auto& parameter) { return string(parameter.param); });

class SignalStackTest : public testing::TestWithParam<const char*> {};

TEST_P(SignalStackTest, ContinuesBelowTheHandler) {
  auto target = TargetProcess::spawn("signal_stack");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  const Json thread = answer.thread(target, GetParam());
  EXPECT_EQ(string_at(thread, "status"), "exact") << thread;
  EXPECT_TRUE(calls(thread, "handle_signal", "wait_in_handler"));
  EXPECT_TRUE(calls(thread, "<signal handler called>", "handle_signal"));
  EXPECT_TRUE(calls(thread, "trap_here", "<signal handler called>"));
  EXPECT_TRUE(calls(thread, "interrupted_function", "trap_here"));
  EXPECT_TRUE(calls(thread, "clone", "interrupted_function"));
}

INSTANTIATE_TEST_SUITE_P(Stacks, SignalStackTest, testing::Values("own-stack", "other-stack"),
                         [](const auto& parameter) {
                           return string(parameter.param) == "own-stack" ? "Own" : "Alternate";
                         });

TEST(JitTest, IsPassedThroughByFramePointers) {
  auto target = TargetProcess::spawn("jit_fp");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  const Json thread = answer.thread(target, "jit");
  EXPECT_EQ(position_of(thread, "called_by_jit"), 1) << thread.dump(1);
  EXPECT_EQ(position_of(thread, "calls_jit"), 3) << thread.dump(1);
  EXPECT_TRUE(thread["frames"][2]["module"].is_null()) << thread.dump(1);
  EXPECT_TRUE(thread["frames"][2]["function"].is_null()) << thread.dump(1);
  EXPECT_TRUE(calls(thread, "clone", "calls_jit"));
}

TEST(JitTest, EndsTheStackAndSaysSoWithoutThem) {
  auto target = TargetProcess::spawn("jit");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  const Json thread = answer.thread(target, "jit");
  EXPECT_EQ(position_of(thread, "called_by_jit"), 1) << thread.dump(1);
  EXPECT_TRUE(thread["frames"][2]["module"].is_null()) << thread.dump(1);
  if (!has_function(thread, "calls_jit")) {
    EXPECT_EQ(string_at(thread, "status"), "partial");
    EXPECT_NE(string_at(thread, "reason"), "") << thread;
  }
}

TEST(ZombieLeaderTest, HidesNothing) {
  auto target = TargetProcess::spawn("zombie_leader");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  EXPECT_TRUE(calls(answer.thread(target, "survivor"), "clone", "outlive_main"))
      << describe(answer.command);
  const Json leader = find_thread(answer.document, target.pid());
  EXPECT_EQ(string_at(leader, "state"), "zombie") << describe(answer.command);
  EXPECT_EQ(leader["wait"]["reason"], "exited");
}

TEST(KernelWorkersTest, AreWholeWithoutAStack) {
  auto target = TargetProcess::spawn("kernel_workers");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  if (!target.fact("workers").value("allowed", false)) {
    GTEST_SKIP() << "io_uring is forbidden here";
  }

  const auto answer = ask_for_stacks(target);

  EXPECT_EQ(answer.command.status, 0) << describe(answer.command);
  int workers = 0;
  for (const Json& thread : answer.document["threads"]) {
    if (string_at(thread, "name").starts_with("iou-")) {
      ++workers;
      EXPECT_EQ(string_at(thread, "state"), "sleeping");
      EXPECT_EQ(string_at(thread, "status"), "exact");
      EXPECT_EQ(string_at(thread, "method"), "none");
      EXPECT_EQ(string_at(thread["wait"], "reason"), "io_uring");
      EXPECT_EQ(string_at(thread["wait"], "detail"), "kernel worker");
    }
  }
  EXPECT_EQ(workers, 2) << describe(answer.command);
}

TEST(ModuleStormTest, NeverSpoilsTheOthersStacks) {
  auto target = TargetProcess::spawn("module_storm");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  for (int i = 0; i < 25; ++i) {
    const auto answer = ask_for_stacks(target);
    ASSERT_TRUE(answer.command.status == 0 || answer.command.status == 4)
        << describe(answer.command);
    const Json sorter = answer.thread(target, "sorter");
    ASSERT_EQ(string_at(sorter, "status"), "exact") << sorter;
    EXPECT_TRUE(calls(sorter, "qsort", "compare_then_wait"));
  }
  EXPECT_TRUE(target.running()) << target.log();
}

/// A copy of the target `simple` that may be changed.
class ChangedBinaryTest : public testing::Test {
 protected:
  void SetUp() override { fs::copy_file(target_path("simple"), copy_); }

  TempDir directory_;
  fs::path copy_ = directory_.path() / "copy";
};

TEST_F(ChangedBinaryTest, IsNamedAfterItsFileWasDeleted) {
  auto target = TargetProcess::spawn_program(copy_, {});
  ASSERT_TRUE(target.wait_ready()) << target.log();
  fs::remove(copy_);

  const auto answer = ask_for_stacks(target);

  EXPECT_TRUE(calls(answer.thread(target, "worker"), "outermost", "innermost"))
      << describe(answer.command);
}

TEST_F(ChangedBinaryTest, IsNotMistakenForTheFileThatReplacedIt) {
  auto target = TargetProcess::spawn_program(copy_, {});
  ASSERT_TRUE(target.wait_ready()) << target.log();
  fs::remove(copy_);
  fs::copy_file(target_path("deep_recursion"), copy_);

  const auto answer = ask_for_stacks(target);

  const Json thread = answer.thread(target, "worker");
  EXPECT_TRUE(calls(thread, "outermost", "innermost")) << describe(answer.command);
  EXPECT_FALSE(has_function(thread, "descend"));
}

TEST_F(ChangedBinaryTest, IsReadExactlyWithoutSymbols) {
  XGOPS_REQUIRE_PROGRAM("strip");
  ASSERT_EQ(run_command({{"strip", copy_.string()}}).status, 0);
  auto target = TargetProcess::spawn_program(copy_, {});
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  const Json thread = answer.thread(target, "worker");
  ASSERT_EQ(string_at(thread, "status"), "exact") << describe(answer.command);
  EXPECT_EQ(position_of(thread, "pause"), 0) << thread.dump(1);
  // No name, but the place: module and offset.
  const Json& caller = thread["frames"][1];
  EXPECT_TRUE(caller["function"].is_null()) << caller;
  EXPECT_EQ(caller["module"], "copy") << caller;
  EXPECT_GT(caller["offset"], 0) << caller;
}

TEST_F(ChangedBinaryTest, IsNamedFromASeparateDebugFile) {
  XGOPS_REQUIRE_PROGRAM("objcopy");
  // As debuggers do: beside the program in .debug, found by its name in .gnu_debuglink.
  fs::create_directory(directory_.path() / ".debug");
  const string debug = (directory_.path() / ".debug" / "copy.debug").string();
  ASSERT_EQ(run_command({{"objcopy", "--only-keep-debug", copy_.string(), debug}}).status, 0);
  ASSERT_EQ(
      run_command({{"objcopy", "--strip-all", "--add-gnu-debuglink=" + debug, copy_.string()}})
          .status,
      0);
  auto target = TargetProcess::spawn_program(copy_, {});
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  EXPECT_TRUE(calls(answer.thread(target, "worker"), "outermost", "innermost"))
      << describe(answer.command);
}

TEST_F(ChangedBinaryTest, IsNamedInsideAnotherRoot) {
  XGOPS_REQUIRE_ROOT();
  XGOPS_REQUIRE_PROGRAM("unshare");
  // A mount namespace of its own, in which the program lies where there is nothing outside. The
  // agent comes in with the program: unshare(2) refuses programs with a second thread.
  const fs::path inside = directory_.path() / "inside";
  const string script = "mkdir " + inside.string() + " && mount -t tmpfs none " + inside.string() +
                        " && cp " + copy_.string() + " " + inside.string() +
                        "/simple && LD_PRELOAD=" + agent_path().string() + " exec " +
                        inside.string() + "/simple";
  TargetOptions options;
  options.launch = Launch::kPlain;
  options.arguments = {"--mount", "--propagation", "private", "sh", "-c", script};
  auto target = TargetProcess::spawn_program(*find_program("unshare"), options);
  const bool ready = target.wait_ready();
  const auto answer = ask_for_stacks(target);

  ASSERT_TRUE(ready) << target.log();
  ASSERT_FALSE(fs::exists(inside / "simple"));
  EXPECT_TRUE(calls(answer.thread(target, "worker"), "outermost", "innermost"))
      << describe(answer.command);
}

}  // namespace
}  // namespace xgops::test
