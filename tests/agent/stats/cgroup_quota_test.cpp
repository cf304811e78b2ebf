// SPDX-License-Identifier: MIT
// CPU limits of control groups, on trees of files like the kernel's.
#include "stats/cgroup_quota.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace xgops::stats {
namespace {

TEST(CgroupMembershipTest, FindsTheUnifiedHierarchy) {
  const auto membership = parse_membership("0::/user.slice/a:b.scope\n");

  EXPECT_EQ(membership.unified, "/user.slice/a:b.scope");
  EXPECT_EQ(membership.cpu_controller, "");
}

TEST(CgroupMembershipTest, FindsTheControllerAmongOthers) {
  const auto membership = parse_membership(
      "12:cpuset:/a\n4:cpuacct,cpu:/docker/abc\n3:memory:/m\n2:cpuacct:/no\n0::/\n");

  EXPECT_EQ(membership.cpu_controller, "/docker/abc");
  EXPECT_EQ(membership.memory_controller, "/m");
  EXPECT_EQ(membership.unified, "/");
}

TEST(CgroupMembershipTest, IsEmptyForNonsense) {
  EXPECT_EQ(parse_membership(""), CgroupMembership{});
  EXPECT_EQ(parse_membership("\n::\nxyz"), CgroupMembership{});
}

TEST(QuotaMillisTest, IsTheShareOfThePeriod) {
  EXPECT_EQ(quota_millis(150'000, 100'000), 1500U);
  EXPECT_EQ(quota_millis(50'000, 100'000), 500U);
  EXPECT_EQ(quota_millis(1, 1'000'000), 1U) << "a limit is never rounded to none";
}

TEST(QuotaMillisTest, IsZeroWithoutLimit) {
  EXPECT_EQ(quota_millis(-1, 100'000), 0U);
  EXPECT_EQ(quota_millis(0, 100'000), 0U);
  EXPECT_EQ(quota_millis(100'000, 0), 0U);
  EXPECT_EQ(quota_millis(std::numeric_limits<std::int64_t>::max(), 1), 0U);
}

TEST(CpuMaxTest, ReadsBothForms) {
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 1500U);
  EXPECT_EQ(parse_cpu_max("max 100000\n"), 0U);
  EXPECT_EQ(parse_cpu_max(""), 0U);
  EXPECT_EQ(parse_cpu_max("150000"), 0U);
}

TEST(GroupAndAncestorsTest, GoUpToTheRoot) {
  const std::vector<std::string> expected{"/a/b/c", "/a/b", "/a", ""};

  EXPECT_EQ(group_and_ancestors("/a/b/c"), expected);
  EXPECT_EQ(group_and_ancestors("/a/b/c/"), expected);
  EXPECT_EQ(group_and_ancestors("/"), std::vector<std::string>{""});
}

TEST(GroupAndAncestorsTest, EndAtTheNamespaceOfTheReader) {
  EXPECT_EQ(group_and_ancestors("/../sibling"), std::vector<std::string>{""});
}

/// A process directory with the file cgroup, and a mounted hierarchy.
class CgroupQuotaTest : public testing::Test {
 protected:
  void set(const std::string& path, const std::string& text) const {
    const auto file = temporary_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::trunc) << text;
  }
  [[nodiscard]] support::Directory directory(const std::string& path) const {
    std::filesystem::create_directories(temporary_.path() / path);
    auto opened = support::open_directory(temporary_.path() / path);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }

  test::TempDir temporary_;
  const support::Directory process_ = directory("process");
  const support::Directory root_ = directory("cgroup");
  CgroupQuota quota_{root_, process_};
};

TEST_F(CgroupQuotaTest, IsZeroWhereThereAreNoGroups) {
  EXPECT_EQ(quota_.read_millis(), 0U);
}

TEST_F(CgroupQuotaTest, IsTheTightestOnTheWayUp) {
  set("process/cgroup", "0::/outer/inner\n");
  set("cgroup/outer/cpu.max", "50000 100000\n");
  set("cgroup/outer/inner/cpu.max", "200000 100000\n");

  EXPECT_EQ(quota_.read_millis(), 500U);
}

TEST_F(CgroupQuotaTest, SeesAChangedLimit) {
  set("process/cgroup", "0::/group\n");
  set("cgroup/group/cpu.max", "max 100000\n");
  EXPECT_EQ(quota_.read_millis(), 0U);

  set("cgroup/group/cpu.max", "10000 100000\n");

  EXPECT_EQ(quota_.read_millis(), 100U);
}

TEST_F(CgroupQuotaTest, FollowsTheProcessToAnotherGroup) {
  set("process/cgroup", "0::/first\n");
  set("cgroup/first/cpu.max", "100000 100000\n");
  set("cgroup/second/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota_.read_millis(), 1000U);

  set("process/cgroup", "0::/second\n");

  EXPECT_EQ(quota_.read_millis(), 3000U);
}

TEST_F(CgroupQuotaTest, ReadsTheOldHierarchy) {
  set("process/cgroup", "3:cpu,cpuacct:/a/b\n0::/\n");
  set("cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
  set("cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
  set("cgroup/cpu/a/cpu.cfs_quota_us", "250000\n");
  set("cgroup/cpu/a/cpu.cfs_period_us", "100000\n");

  EXPECT_EQ(quota_.read_millis(), 2500U);
}

}  // namespace
}  // namespace xgops::stats
