// SPDX-License-Identifier: MIT
// A thread with a descriptor table of its own.
#include "support/fd_table.hpp"

#include "support/event.hpp"
#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops::support {
namespace {

/// Open descriptors in the table that `directory` shows, without the one used to look.
std::vector<int> open_descriptors(const char* directory) {
  std::vector<int> descriptors;
  DIR* const stream = ::opendir(directory);
  while (const dirent* entry = ::readdir(stream)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(stream)) {
      descriptors.push_back(fd);
    }
  }
  ::closedir(stream);
  std::sort(descriptors.begin(), descriptors.end());
  return descriptors;
}

/// Runs `body` on a thread that has left the table of this program.
template <class Body>
void on_private_table(Body body) {
  FdTable table = FdTable::kShared;
  std::thread([&] {
    table = leave_host_fd_table();
    if (table == FdTable::kPrivate) {
      body();
    }
  }).join();
  // This test's own system allows it; where it does not, there is nothing to test.
  ASSERT_EQ(table, FdTable::kPrivate);
}

TEST(FdTableTest, StartsWithNothingButTheNullDevice) {
  std::vector<int> descriptors;
  on_private_table([&] { descriptors = open_descriptors("/proc/thread-self/fd"); });

  ASSERT_GE(descriptors.size(), 3U);
  EXPECT_EQ(descriptors[0], 0);
  EXPECT_EQ(descriptors[1], 1);
  EXPECT_EQ(descriptors[2], 2);
#if !defined(XGOPS_TSAN)  // There the numbers above are taken too, see the source.
  EXPECT_EQ(descriptors.size(), 3U);
#endif
}

TEST(FdTableTest, HidesWhatItOpensFromTheProgram) {
  const auto before = open_descriptors("/proc/self/fd");
  std::vector<int> during;

  on_private_table([&] {
    const UniqueFd ours(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    during = open_descriptors("/proc/self/fd");
  });

  EXPECT_EQ(during, before);
}

TEST(FdTableTest, LeavesTheDescriptorsOfTheProgramOpen) {
  const UniqueFd file(::open("/dev/zero", O_RDONLY | O_CLOEXEC));

  on_private_table([] { ::close(3); });

  EXPECT_NE(::fcntl(file.get(), F_GETFD), -1);
}

TEST(FdTableTest, IsNotInheritedByForkedChildren) {
  Event opened;
  Event forked;
  int ours = -1;
  std::thread agent([&] {
    static_cast<void>(leave_host_fd_table());
    ours = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 700);
    opened.set();
    forked.wait();
  });
  opened.wait();

  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(::fcntl(ours, F_GETFD) == -1 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  forked.set();
  agent.join();

  EXPECT_GE(ours, 700);
  EXPECT_EQ(status, 0);
}

TEST(FdTableTest, KeepsThePosixLocksOfTheProgram) {
  char name[] = "/tmp/xgops-lock-XXXXXX";
  const UniqueFd file(::mkstemp(name));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(::fcntl(file.get(), F_SETLK, &lock), 0);

  // In a shared table, closing any descriptor of the file would drop the lock.
  on_private_table([&] { UniqueFd(::open(name, O_RDONLY | O_CLOEXEC)).reset(); });

  const pid_t child = ::fork();
  if (child == 0) {
    struct flock probe = lock;
    ::_exit(::fcntl(file.get(), F_GETLK, &probe) == 0 && probe.l_type == F_WRLCK ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the lock is gone";
  ::unlink(name);
}

}  // namespace
}  // namespace xgops::support
