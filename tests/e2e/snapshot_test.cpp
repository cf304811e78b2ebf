// SPDX-License-Identifier: MIT
// `xgops snapshot` and `xgops diff` of a program whose tasks move when they are told to.
#include "e2e.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace xgops::test {
namespace {

using std::string;

class SnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(target_.wait_ready()) << target_.log();
    ASSERT_EQ(target_.ask("leak 10"), "leak 10");
  }
  [[nodiscard]] string file(const string& name) const { return (files_.path() / name).string(); }
  static CommandResult take(const TargetProcess& target, const string& file) {
    return target.xgops({"snapshot", "-p", target.pid_text(), "-o", file});
  }

  TargetProcess target_ = TargetProcess::spawn("leaky");
  TempDir files_;
};

/// How many tasks that wait for a channel have this fate.
int asks(const Json& answer, const string& change) {
  int count = 0;
  for (const Json& group : answer["groups"]) {
    if (group["change"] == change && group["wait"]["reason"] == "channel_receive") {
      count += group["count"].get<int>();
    }
  }
  return count;
}

TEST_F(SnapshotTest, TellsStuckFromMovedNewAndGone) {
  const auto taken = take(target_, file("a"));
  ASSERT_EQ(taken.status, 0) << describe(taken);
  ASSERT_EQ(target_.ask("end 3"), "end 3");
  ASSERT_EQ(target_.ask("wake 2"), "wake 2");
  ASSERT_EQ(target_.ask("leak 4"), "leak 4");
  ASSERT_EQ(take(target_, file("b")).status, 0);

  const Json with_file = parse_json(target_.xgops({"diff", "--json", file("a"), file("b")}).out);
  const Json with_now = target_.xgops_json({"diff", file("a")});

  for (const Json& answer : {with_file, with_now}) {
    EXPECT_EQ(asks(answer, "gone"), 3) << answer.dump(1);
    EXPECT_EQ(asks(answer, "moved"), 2);
    EXPECT_EQ(asks(answer, "new"), 4);
    EXPECT_EQ(asks(answer, "stuck"), 5);
    EXPECT_EQ(answer["groups"][0]["change"], "stuck");
    EXPECT_EQ(answer["groups"][0]["idle"], false);
    EXPECT_NE(string_at(answer["groups"][0]["place"], "function").find("ask("), string::npos);
  }
}

TEST_F(SnapshotTest, IsComparedAfterTheProcessHasEnded) {
  ASSERT_EQ(take(target_, file("a")).status, 0);
  ASSERT_EQ(take(target_, file("b")).status, 0);
  ASSERT_EQ(target_.finish(), 0);

  const auto result = target_.xgops({"diff", file("a"), file("b")});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_NE(result.out.find("stuck        10 tasks"), string::npos) << result.out;
  struct stat facts {};
  ASSERT_EQ(::stat(file("a").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(SnapshotTest, IsNotComparedWithAnotherProcess) {
  auto other = TargetProcess::spawn("leaky");
  ASSERT_TRUE(other.wait_ready()) << other.log();
  ASSERT_EQ(take(target_, file("a")).status, 0);

  const auto result = other.xgops({"diff", file("a"), "-p", other.pid_text()});

  EXPECT_EQ(result.status, 64) << describe(result);
  EXPECT_NE(result.err.find("is of process " + target_.pid_text()), string::npos) << result.err;
}

}  // namespace
}  // namespace xgops::test
