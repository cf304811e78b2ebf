// SPDX-License-Identifier: MIT
// Which directories are good enough for a socket.
#include "server/socket_directory.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace xgops::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "4711-88213.sock";

class SocketDirectoryTest : public testing::Test {
 protected:
  [[nodiscard]] static protocol::SocketDirectory candidate(const fs::path& path,
                                                           bool configured = true) {
    return {.path = path, .parent = path.parent_path(), .configured = configured};
  }
  [[nodiscard]] static Result<OpenSocketDirectory> open(const fs::path& path,
                                                        uid_t user = ::geteuid()) {
    return open_socket_directory(std::array{candidate(path)}, kName, user);
  }
  static mode_t mode(const fs::path& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    return status.st_mode & 07777;
  }

  test::TempDir temporary_;
  fs::path path_ = temporary_.path() / "xgops";
};

TEST_F(SocketDirectoryTest, IsCreatedForItsOwnerOnly) {
  const auto directory = open(path_);

  ASSERT_TRUE(directory);
  EXPECT_EQ(directory.value().path, path_);
  EXPECT_EQ(mode(path_), 0700U);
}

TEST_F(SocketDirectoryTest, IsCreatedWhateverTheUmask) {
  const mode_t before = ::umask(0777);
  const auto directory = open(path_);
  ::umask(before);

  ASSERT_TRUE(directory);
  EXPECT_EQ(mode(path_), 0700U);
}

TEST_F(SocketDirectoryTest, IsUsedAgain) {
  ASSERT_TRUE(open(path_));

  EXPECT_TRUE(open(path_));
}

TEST_F(SocketDirectoryTest, GetsNoParent) {
  const auto directory = open(path_ / "deeper");

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::no_such_file_or_directory);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SocketDirectoryTest, IsRefusedWhenOthersMayEnter) {
  for (const mode_t open_to_others : {0710U, 0701U, 0750U, 0777U, 0740U}) {
    fs::create_directory(path_);
    ::chmod(path_.c_str(), open_to_others);

    const auto directory = open(path_);

    ASSERT_FALSE(directory) << std::oct << open_to_others;
    EXPECT_EQ(directory.error().code, std::errc::permission_denied);
    EXPECT_EQ(directory.error().context, path_);
    EXPECT_EQ(mode(path_), open_to_others) << "somebody else's choice stays";
  }
}

TEST_F(SocketDirectoryTest, IsRefusedWhenItBelongsToAnotherUser) {
  fs::create_directory(path_);
  ::chmod(path_.c_str(), 0700);

  const auto directory = open(path_, ::geteuid() + 1);

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::permission_denied);
  EXPECT_NE(directory.error().hint.find(std::to_string(::geteuid())), std::string::npos);
}

TEST_F(SocketDirectoryTest, IsRefusedWhenItIsASymlink) {
  const fs::path real = temporary_.path() / "real";
  ASSERT_TRUE(open(real));
  fs::create_directory_symlink(real, path_);

  const auto directory = open(path_);

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::permission_denied);
}

TEST_F(SocketDirectoryTest, MayHaveALinkAmongItsParents) {
  fs::create_directory(temporary_.path() / "real");
  fs::create_directory_symlink("real", temporary_.path() / "link");

  EXPECT_TRUE(open(temporary_.path() / "link" / "xgops"));
}

TEST_F(SocketDirectoryTest, IsRefusedWhenItIsAFile) {
  std::ofstream(path_) << "text";

  const auto directory = open(path_);

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::not_a_directory);
}

TEST_F(SocketDirectoryTest, IsRefusedWhenTheSocketsPathWouldBeTooLong) {
  const std::size_t room = protocol::kMaxSocketPathBytes - std::string(kName).size() - 1;
  const std::string prefix = (temporary_.path() / "x").string();
  const fs::path longest = prefix + std::string(room - prefix.size(), 'x');
  EXPECT_TRUE(open(longest));

  const auto directory = open(longest.string() + "x");

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::filename_too_long);
}

TEST_F(SocketDirectoryTest, IsTheFirstThatCanBeUsed) {
  fs::create_directory(path_);
  ::chmod(path_.c_str(), 0755);
  const fs::path second = temporary_.path() / "second";
  const std::vector candidates{candidate("/no/such/parent/xgops"), candidate(path_),
                               candidate(second), candidate(temporary_.path() / "third")};

  const auto directory = open_socket_directory(candidates, kName, ::geteuid());

  ASSERT_TRUE(directory);
  EXPECT_EQ(directory.value().path, second);
  EXPECT_FALSE(fs::exists(temporary_.path() / "third"));
}

TEST_F(SocketDirectoryTest, ReportsWhatSaysMost) {
  fs::create_directory(path_);
  ::chmod(path_.c_str(), 0755);
  const std::vector candidates{candidate(path_), candidate("/no/such/parent/xgops")};

  const auto directory = open_socket_directory(candidates, kName, ::geteuid());

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::permission_denied);
}

TEST_F(SocketDirectoryTest, IsNotCreatedUnaskedInAnothersDirectory) {
  ::chmod(temporary_.path().c_str(), 0755);

  const auto directory =
      open_socket_directory(std::array{candidate(path_, false)}, kName, ::geteuid() + 1);

  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, std::errc::permission_denied);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SocketDirectoryTest, IsCreatedUnaskedInASharedStickyDirectory) {
  ::chmod(temporary_.path().c_str(), 01777);

  EXPECT_TRUE(open_socket_directory(std::array{candidate(path_, false)}, kName, ::geteuid()));
}

TEST_F(SocketDirectoryTest, NeedsACandidate) {
  EXPECT_FALSE(open_socket_directory({}, kName, ::geteuid()));
}

}  // namespace
}  // namespace xgops::server
