// SPDX-License-Identifier: MIT
// Writing completely or with an error.
#include "support/output_file.hpp"

#include "support/temp_dir.hpp"
#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t entries_in(const fs::path& path) {
  return std::distance(fs::directory_iterator(path), fs::directory_iterator());
}

TEST(WriteFileTest, CreatesAFileAndLeavesNothingElse) {
  const test::TempDir directory;

  ASSERT_TRUE(write_file(directory.path() / "out", "data\n"));

  EXPECT_EQ(content_of(directory.path() / "out"), "data\n");
  EXPECT_EQ(entries_in(directory.path()), 1);
}

TEST(WriteFileTest, ReplacesAFileByANewOneWithItsMode) {
  const test::TempDir directory;
  const fs::path path = directory.path() / "out";
  std::ofstream(path) << "old";
  fs::permissions(path, fs::perms(0640));
  const UniqueFd old(::open(path.c_str(), O_RDONLY | O_CLOEXEC));

  ASSERT_TRUE(write_file(path, "new"));

  EXPECT_EQ(content_of(path), "new");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0640));
  std::array<char, 8> buffer{};
  EXPECT_EQ(::read(old.get(), buffer.data(), buffer.size()), 3) << "the old file was changed";
}

TEST(WriteFileTest, WritesThroughASymbolicLink) {
  const test::TempDir directory;
  std::ofstream(directory.path() / "file") << "old";
  fs::create_symlink("file", directory.path() / "link");

  ASSERT_TRUE(write_file(directory.path() / "link", "new"));

  EXPECT_TRUE(fs::is_symlink(directory.path() / "link"));
  EXPECT_EQ(content_of(directory.path() / "file"), "new");
}

TEST(WriteFileTest, WritesToADeviceInPlace) {
  EXPECT_TRUE(write_file("/dev/null", "data"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(WriteFileTest, ReportsAFullDisk) {
  const auto written = write_file("/dev/full", "data");

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().context, "cannot write /dev/full: No space left on device");
}

TEST(WriteFileTest, ReportsADirectoryAndAMissingOne) {
  const test::TempDir directory;

  EXPECT_FALSE(write_file(directory.path(), "data"));
  EXPECT_FALSE(write_file(directory.path() / "none" / "out", "data"));
  EXPECT_EQ(entries_in(directory.path()), 0);
}

TEST(WriteFileTest, LeavesTheOldFileAloneWhenWritingFails) {
  const test::TempDir directory;
  const fs::path path = directory.path() / "out";
  std::ofstream(path) << "old";
  // The temporary file's name is taken by a directory.
  fs::create_directory(path.string() + ".xgops-" + std::to_string(::getpid()));

  EXPECT_FALSE(write_file(path, "new"));

  EXPECT_EQ(content_of(path), "old");
}

TEST(WriteAllTest, TellsAReaderThatLeftFromOtherFailures) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd writer(ends[1]);
  UniqueFd(ends[0]).reset();
  const auto old = ::signal(SIGPIPE, SIG_IGN);

  const auto written = write_all(writer.get(), "data", "standard output");
  ::signal(SIGPIPE, old);

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, std::errc::broken_pipe);
  EXPECT_FALSE(write_all(-1, "data", "standard output"));
}

}  // namespace
}  // namespace xgops::cli
