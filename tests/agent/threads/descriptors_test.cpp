// SPDX-License-Identifier: MIT
#include "threads/descriptors.hpp"

#include "support/unique_fd.hpp"
#include "threads/capture.hpp"
#include "threads/runtime.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using support::UniqueFd;

pid_t gettid() {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

/// A TCP socket that listens on a port of its own, and how it is to be described.
UniqueFd listen_somewhere(std::string& text) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(::listen(fd.get(), 1), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  text = "tcp 127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + " (listening)";
  return fd;
}

/// Whether a thread's descriptor can be borrowed when it is not the main thread's.
bool threads_can_be_asked() {
  bool can = false;
  std::thread([&can] {
    can = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, gettid(), O_EXCL))).get() >= 0;
  }).join();
  return can;
}

class DescriptorsTest : public ::testing::TestWithParam<bool> {
 protected:
  UniqueFd directory_{::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  TaskFiles files_{directory_.get()};
};

TEST_P(DescriptorsTest, DescribesASocketByItsAddresses) {
  std::string expected;
  const UniqueFd fd = listen_somewhere(expected);

  const DescriptorInfo info = describe_descriptor(files_, gettid(), fd.get(), GetParam());

  EXPECT_EQ(info.kind, DescriptorKind::kSocket);
  EXPECT_EQ(info.text, expected);
}

TEST_P(DescriptorsTest, LooksIntoTheTableOfTheThread) {
  std::string ours;
  const UniqueFd fd = listen_somewhere(ours);
  std::string theirs;
  std::string link;
  std::atomic<pid_t> tid{0};
  std::atomic<bool> done{false};
  std::thread other([&] {
    ASSERT_EQ(::unshare(CLONE_FILES), 0);
    const UniqueFd own = listen_somewhere(theirs);
    ASSERT_GE(::dup3(own.get(), fd.get(), O_CLOEXEC), 0);
    tid.store(gettid());
    while (!done.load()) {
      std::this_thread::yield();
    }
    ::close(fd.get());
  });
  while (tid.load() == 0) {
    std::this_thread::yield();
  }

  const DescriptorInfo info = describe_descriptor(files_, tid.load(), fd.get(), GetParam());
  link = files_.read_link(tid.load(), "fd/" + std::to_string(fd.get()));

  EXPECT_EQ(info.kind, DescriptorKind::kSocket);
  EXPECT_EQ(info.text, threads_can_be_asked() ? theirs : link) << "and never " << ours;
  done.store(true);
  other.join();
}

/// In a child whose main thread has ended; the child's exit status is 0 when all is well.
void* describe_without_main(void* shared_table) {
  const UniqueFd directory(::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const TaskFiles files(directory.get());
  std::array<char, 1024> buffer{};
  while (parse_stat(files.read(::getpid(), "stat", buffer)).state != 'Z') {
    std::this_thread::yield();
  }
  std::string expected;
  const UniqueFd fd = listen_somewhere(expected);
  const DescriptorInfo info =
      describe_descriptor(files, gettid(), fd.get(), shared_table != nullptr);
  // To this one, the host is whoever else has descriptors.
  std::thread([] { ::pause(); }).detach();
  InspectorOptions options;
  options.task_directory_fd = directory.get();
  options.shared_fd_table = shared_table != nullptr;
  const std::string seen = Inspector(options, probe_runtime()).describe_descriptor(fd.get());
  ::_exit((info.text == expected ? 0 : 1) + (seen == expected ? 0 : 2));
}

TEST_P(DescriptorsTest, KnowsAddressesAfterTheMainThreadHasEnded) {
  if (!GetParam() && !threads_can_be_asked()) {
    GTEST_SKIP() << "this kernel has no PIDFD_THREAD";
  }
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    pthread_t thread{};
    ::pthread_create(&thread, nullptr, &describe_without_main, GetParam() ? &thread : nullptr);
    ::syscall(SYS_exit, 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

INSTANTIATE_TEST_SUITE_P(Tables, DescriptorsTest, ::testing::Bool(), [](const auto& parameter) {
  return std::string(parameter.param ? "TheAgentShares" : "TheAgentHasItsOwn");
});

}  // namespace
}  // namespace xgops::threads
