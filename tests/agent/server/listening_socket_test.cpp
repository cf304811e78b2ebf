// SPDX-License-Identifier: MIT
// The socket's file: who makes it, who may use it, who removes it.
#include "server/listening_socket.hpp"

#include "client.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xgops::server {
namespace {

namespace fs = std::filesystem;

class ListeningSocketTest : public testing::Test {
 protected:
  [[nodiscard]] Result<ListeningSocket> open(
      support::FdTable table = support::FdTable::kPrivate) const {
    const std::array candidates{protocol::SocketDirectory{
        .path = folder_, .parent = folder_.parent_path(), .configured = true}};
    auto directory = open_socket_directory(candidates, path_.filename().string(), ::geteuid());
    EXPECT_TRUE(directory);
    return ListeningSocket::open(std::move(*directory), path_.filename(), table);
  }

  test::TempDir temporary_;
  fs::path folder_ = temporary_.path() / "xgops";
  fs::path path_ = folder_ / "1-1.sock";
};

TEST_F(ListeningSocketTest, TakesClients) {
  const auto socket = open();

  ASSERT_TRUE(socket);
  EXPECT_EQ(socket.value().path(), path_);
  EXPECT_TRUE(test::Client::connect(path_));
}

TEST_F(ListeningSocketTest, IsForItsOwnerOnlyWhateverTheUmask) {
  const mode_t before = ::umask(0);
  const auto socket = open();
  ::umask(before);

  ASSERT_TRUE(socket);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ListeningSocketTest, RemovesItsFile) {
  ASSERT_TRUE(open());

  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ListeningSocketTest, LeavesAFileThatIsNotItsOwn) {
  {
    const auto socket = open();
    ASSERT_TRUE(socket);
    fs::remove(path_);
    std::ofstream(path_) << "precious";
  }
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(ListeningSocketTest, ReplacesWhatADeadProcessLeft) {
  {
    auto dead = open();
    ASSERT_TRUE(dead);
    fs::rename(path_, folder_ / "aside");
  }
  fs::rename(folder_ / "aside", path_);
  const auto refused = test::Client::connect(path_);
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().code, std::errc::connection_refused);

  const auto socket = open();

  ASSERT_TRUE(socket);
  EXPECT_TRUE(test::Client::connect(path_));
}

TEST_F(ListeningSocketTest, DoesNotReplaceALivingOne) {
  const auto first = open();
  ASSERT_TRUE(first);

  const auto second = open();

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, std::errc::address_in_use);
  EXPECT_TRUE(test::Client::connect(path_));
}

TEST_F(ListeningSocketTest, NoticesThatItsNumberMeansSomethingElse) {
  const auto socket = open(support::FdTable::kShared);
  ASSERT_TRUE(socket);
  EXPECT_TRUE(socket.value().still_ours());
  const int number = socket.value().fd();

  const support::UniqueFd stranger(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::dup3(stranger.get(), number, O_CLOEXEC), number);

  EXPECT_FALSE(socket.value().still_ours());
}

TEST_F(ListeningSocketTest, RefusesADirectoryThatWasReplaced) {
  const std::array candidates{protocol::SocketDirectory{
      .path = folder_, .parent = folder_.parent_path(), .configured = true}};
  auto directory = open_socket_directory(candidates, path_.filename().string(), ::geteuid());
  ASSERT_TRUE(directory);
  fs::rename(folder_, temporary_.path() / "aside");
  fs::create_directory(folder_);

  const auto socket =
      ListeningSocket::open(std::move(*directory), path_.filename(), support::FdTable::kPrivate);

  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, std::errc::permission_denied);
}

}  // namespace
}  // namespace xgops::server
