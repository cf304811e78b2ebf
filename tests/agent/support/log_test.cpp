// SPDX-License-Identifier: MIT
// The log file.
#include "support/log.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace xgops::support {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LogTest, WritesALinePerEvent) {
  const test::TempDir directory;
  const fs::path path = directory.path() / "log";
  Log log(path, true);

  log.write("first");
  log.write("second\nwith a break");

  const std::string start =
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z xgops\[)" + std::to_string(::getpid()) + R"(\]: )";
  EXPECT_TRUE(std::regex_match(contents(path),
                               std::regex(start + "first\n" + start + "second with a break\n")))
      << contents(path);
}

TEST(LogTest, AppendsToWhatIsThere) {
  const test::TempDir directory;
  const fs::path path = directory.path() / "log";
  std::ofstream(path) << "before\n";

  Log(path, false).write("after");

  EXPECT_TRUE(contents(path).starts_with("before\n"));
  EXPECT_TRUE(contents(path).ends_with(": after\n"));
}

TEST(LogTest, IsReadableByItsOwnerOnly) {
  const test::TempDir directory;
  const fs::path path = directory.path() / "log";

  Log(path, false).write("event");

  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(LogTest, FollowsNoSymlink) {
  const test::TempDir directory;
  const fs::path victim = directory.path() / "victim";
  std::ofstream(victim) << "precious";
  fs::create_symlink(victim, directory.path() / "log");

  Log(directory.path() / "log", false).write("event");

  EXPECT_EQ(contents(victim), "precious");
}

TEST(LogTest, GoesOnInAFileThatWasRenamed) {
  const test::TempDir directory;
  Log log(directory.path() / "log", true);

  fs::rename(directory.path() / "log", directory.path() / "old");
  log.write("event");

  EXPECT_TRUE(contents(directory.path() / "old").ends_with(": event\n"));
}

TEST(LogTest, DoesNotWaitForAReader) {
  const test::TempDir directory;
  const fs::path pipe = directory.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  Log(pipe, true).write("event");  // Returns.
}

TEST(LogTest, LosesWhatCannotBeWritten) {
  Log nowhere("/no/such/directory/log", true);
  Log none;

  nowhere.write("event");
  none.write("event");

  EXPECT_FALSE(fs::exists("/no/such/directory"));
}

}  // namespace
}  // namespace xgops::support
