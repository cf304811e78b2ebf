// SPDX-License-Identifier: MIT
// What memory limits of control groups leave, on trees of files like the kernel's.
#include "stats/cgroup_memory.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace xgops::stats {
namespace {

TEST(LeftOfLimitTest, IsWhatIsNotUsed) {
  EXPECT_EQ(left_of_limit("1000000\n", "300000\n", ""), 700'000U);
  EXPECT_EQ(left_of_limit("1000000", "1000000", ""), 0U);
  EXPECT_EQ(left_of_limit("1000000", "2000000", ""), 0U) << "a limit may be below the use";
}

TEST(LeftOfLimitTest, CountsPagesOfFilesThatCanBeDropped) {
  const std::string details = "anon 5\ninactive_file_x 7\ninactive_file 200000\nactive_file 9\n";

  EXPECT_EQ(left_of_limit("1000000", "300000", details), 900'000U);
  EXPECT_EQ(left_of_limit("1000000", "300000", "inactive_file 1\ntotal_inactive_file 100000\n"),
            800'000U);
  EXPECT_EQ(left_of_limit("1000000", "300000", "inactive_file 500000"), 1'000'000U);
}

TEST(LeftOfLimitTest, IsNothingWithoutALimit) {
  EXPECT_EQ(left_of_limit("max\n", "300000", ""), std::nullopt);
  EXPECT_EQ(left_of_limit("9223372036854771712", "300000", ""), std::nullopt);
  EXPECT_EQ(left_of_limit("", "300000", ""), std::nullopt);
  EXPECT_EQ(left_of_limit("1000", "", ""), std::nullopt);
}

/// A process directory with the file cgroup, and a mounted hierarchy.
class MemoryLeftTest : public testing::Test {
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
  [[nodiscard]] std::optional<std::uint64_t> left() const { return memory_left(root_, process_); }

  test::TempDir temporary_;
  const support::Directory process_ = directory("process");
  const support::Directory root_ = directory("cgroup");
};

TEST_F(MemoryLeftTest, IsNothingWhereThereAreNoGroups) {
  EXPECT_EQ(left(), std::nullopt);
  set("process/cgroup", "0::/group\n");
  EXPECT_EQ(left(), std::nullopt);
}

TEST_F(MemoryLeftTest, IsTheLeastOnTheWayUp) {
  set("process/cgroup", "0::/outer/inner\n");
  set("cgroup/outer/memory.max", "1000000\n");
  set("cgroup/outer/memory.current", "800000\n");
  set("cgroup/outer/inner/memory.max", "500000\n");
  set("cgroup/outer/inner/memory.current", "100000\n");
  EXPECT_EQ(left(), 200'000U);

  set("cgroup/outer/memory.max", "max\n");
  EXPECT_EQ(left(), 400'000U);
}

TEST_F(MemoryLeftTest, EndsWhereTheKernelSlowsTheGroupDown) {
  set("process/cgroup", "0::/\n");
  set("cgroup/memory.max", "1000000\n");
  set("cgroup/memory.high", "300000\n");
  set("cgroup/memory.current", "100000\n");

  EXPECT_EQ(left(), 200'000U);
}

TEST_F(MemoryLeftTest, KnowsTheFirstVersion) {
  set("process/cgroup", "4:memory:/docker/abc\n2:cpu:/other\n0::/\n");
  set("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  set("cgroup/memory/memory.usage_in_bytes", "900000\n");
  set("cgroup/memory/docker/abc/memory.limit_in_bytes", "700000\n");
  set("cgroup/memory/docker/abc/memory.usage_in_bytes", "600000\n");
  set("cgroup/memory/docker/abc/memory.stat", "cache 1\ntotal_inactive_file 50000\n");

  EXPECT_EQ(left(), 150'000U);
}

}  // namespace
}  // namespace xgops::stats
