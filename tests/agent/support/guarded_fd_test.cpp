// SPDX-License-Identifier: MIT
// Descriptors that the host may close, and get again for something of its own.
#include "support/guarded_fd.hpp"

#include <gtest/gtest.h>

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace xgops::support {
namespace {

UniqueFd open_file(const char* path) {
  return UniqueFd(::open(path, O_RDONLY | O_CLOEXEC));
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

TEST(GuardedFdTest, ClosesItsOwnFile) {
  int fd = -1;
  {
    const GuardedFd guarded(open_file("/dev/zero"), FdTable::kPrivate);
    fd = guarded.get();
    EXPECT_TRUE(guarded.still_ours());
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(GuardedFdTest, LeavesAStrangersFileWithItsNumberOpen) {
  int fd = -1;
  {
    const GuardedFd guarded(open_file("/dev/zero"), FdTable::kShared);
    fd = guarded.get();
    const UniqueFd stranger = open_file("/dev/null");
    ASSERT_EQ(::dup2(stranger.get(), fd), fd);
    EXPECT_FALSE(guarded.still_ours());
  }
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST(GuardedFdTest, NoticesThatItsNumberWasClosed) {
  const GuardedFd guarded(open_file("/dev/zero"), FdTable::kShared);

  ::close(guarded.get());

  EXPECT_FALSE(guarded.still_ours());
}

TEST(GuardedFdTest, MovesFarUpInASharedTableOnly) {
  const GuardedFd shared(open_file("/dev/zero"), FdTable::kShared);
  const GuardedFd own(open_file("/dev/zero"), FdTable::kPrivate);

  EXPECT_GT(shared.get(), own.get() + 100);
  EXPECT_NE(::fcntl(shared.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(GuardedFdTest, HandsOverByMove) {
  GuardedFd first(open_file("/dev/zero"), FdTable::kPrivate);
  const int fd = first.get();

  GuardedFd second(std::move(first));
  GuardedFd third(open_file("/dev/null"), FdTable::kPrivate);
  third = std::move(second);

  EXPECT_EQ(third.get(), fd);
  EXPECT_TRUE(third.still_ours());
}

TEST(FileIdentityTest, OfNothingIsNoFile) {
  EXPECT_EQ(FileIdentity::of(-1), FileIdentity{});
  EXPECT_EQ(FileIdentity::of(AT_FDCWD, "/no/such/file"), FileIdentity{});
}

TEST(FileIdentityTest, IsTheSameByNumberAndByName) {
  const UniqueFd file = open_file("/dev/zero");

  EXPECT_EQ(FileIdentity::of(file.get()), FileIdentity::of(AT_FDCWD, "/dev/zero"));
  EXPECT_NE(FileIdentity::of(file.get()), FileIdentity::of(AT_FDCWD, "/dev/null"));
}

}  // namespace
}  // namespace xgops::support
