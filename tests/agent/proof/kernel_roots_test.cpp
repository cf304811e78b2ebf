// SPDX-License-Identifier: MIT
// What the kernel holds of this process, and where nobody can tell.
#include "proof/kernel_roots.hpp"

#include "proof/doubt.hpp"
#include "proof/snapshot_child.hpp"
#include "support/fd_table.hpp"
#include "support/temp_dir.hpp"
#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using support::FdTable;
using support::UniqueFd;

constexpr std::uint64_t kWord = 0x0000'7a5b'1234'5678;

struct Seen {
  std::vector<std::uint64_t> words;
  std::string bytes;
  std::uint32_t doubts = 0;
  bool direct_io = false;
  FdTable table = FdTable::kShared;

  [[nodiscard]] bool has_word() const {
    const bool in_bytes = bytes.find(std::string_view(reinterpret_cast<const char*>(&kWord),
                                                      sizeof kWord)) != std::string::npos;
    return in_bytes || std::find(words.begin(), words.end(), kWord) != words.end();
  }
};

struct LookTerms {
  bool own_table = false;
  std::function<void()> between = {};  ///< Of the first look and the second.
  std::vector<pid_t> threads = {};
  bool expired = false;
};

/// Looks at the main thread's descriptors from another thread, as the agent does.
Seen look(const LookTerms& terms = {}) {
  Seen seen;
  std::thread([&] {
    if (terms.own_table) {
      seen.table = support::leave_host_fd_table();
    }
    const UniqueFd tasks(::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto scratch = std::make_unique<Scratch>();
    KernelRoots roots(*scratch);
    roots.prepare(tasks.get(), ::getpid());
    if (terms.between) {
      terms.between();
    }
    std::vector<signal_safe::ParkSlot> slots(terms.threads.size());
    std::vector<const signal_safe::ParkSlot*> threads;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots[i].tid = terms.threads[i];
      threads.push_back(&slots[i]);
    }
    const LookLimit limit(
        std::chrono::steady_clock::now() + std::chrono::seconds(terms.expired ? -1 : 50),
        [](const void*) { return true; }, nullptr);
    roots.collect(tasks.get(), ::getpid(), threads, limit);
    seen.words.assign(roots.words().begin(), roots.words().end());
    seen.bytes.assign(roots.bytes().begin(), roots.bytes().end());
    seen.doubts = roots.doubts();
    seen.direct_io = roots.has_direct_io();
  }).join();
  return seen;
}

struct Ends {
  UniqueFd first;
  UniqueFd second;
};
Ends pair_of_sockets(int type) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}
Ends new_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}
/// A byte, then the word.
void write_at_odd_place(int fd) {
  std::array<char, 9> bytes{};
  std::memcpy(&bytes[1], &kWord, sizeof kWord);
  ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), 9);
}
UniqueFd epoll_with_word(int event) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event entry{};
  entry.events = EPOLLIN;
  entry.data.u64 = kWord;
  EXPECT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event, &entry), 0);
  return epoll;
}
sockaddr* as_address(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}
UniqueFd bound_to_loopback(int type, sockaddr_in& address) {
  UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  EXPECT_EQ(::bind(socket.get(), as_address(address), bytes), 0);
  EXPECT_EQ(::getsockname(socket.get(), as_address(address), &bytes), 0);
  return socket;
}

TEST(KernelRootsTest, DoNotDependOnNumbersInTheAgentsTable) {
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
  UniqueFd epoll = epoll_with_word(event.get());
  int looks = 0;
  for (int number = 3; number < 24; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) {
      continue;
    }
    epoll.reset(::dup3(epoll.get(), number, O_CLOEXEC));
    const Seen seen = look({.own_table = true});
    if (seen.table != FdTable::kPrivate) {
      GTEST_SKIP() << "threads cannot have tables of their own here";
    }
    EXPECT_TRUE(seen.has_word()) << number;
    ++looks;
  }
  EXPECT_GT(looks, 0);
}

TEST(KernelRootsTest, AreFoundAtAnyPlaceInAPipe) {
  const Ends pipe = new_pipe();
  write_at_odd_place(pipe.second.get());

  const Seen seen = look();

  EXPECT_TRUE(seen.has_word());
  EXPECT_EQ(seen.doubts, kNoDoubt);
}

TEST(KernelRootsTest, AreFoundInANamedPipe) {
  const test::TempDir directory;
  const auto path = directory.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const UniqueFd pipe(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  write_at_odd_place(pipe.get());

  EXPECT_TRUE(look().has_word());
}

TEST(KernelRootsTest, AreFoundInWhatIsNewSinceTheFirstLook) {
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  UniqueFd late;
  const auto make = [&] { late = epoll_with_word(event.get()); };
  // Takes the number of one in which there was nothing.
  const auto change = [&] {
    ::dup3(late.get(), file.get(), O_CLOEXEC);
    late.reset();
  };

  EXPECT_TRUE(look({.between = make}).has_word());
  EXPECT_TRUE(look({.between = change}).has_word());
}

TEST(KernelRootsTest, AreNotInMostDescriptors) {
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
  const UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd program(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  const UniqueFd stranger(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
  const Ends sockets = pair_of_sockets(SOCK_DGRAM);

  const Seen seen = look();

  EXPECT_EQ(seen.doubts, kNoDoubt);
  EXPECT_FALSE(seen.has_word());
}

TEST(KernelRootsTest, AreDoubtfulWhereDatagramsWait) {
  for (const std::string_view sent : {std::string_view("x"), std::string_view()}) {
    const Ends sockets = pair_of_sockets(SOCK_DGRAM);
    ASSERT_EQ(::send(sockets.second.get(), sent.data(), sent.size(), 0),
              static_cast<ssize_t>(sent.size()));
    EXPECT_EQ(look().doubts, kDescriptorsUnknown) << sent.size();
  }
}

TEST(KernelRootsTest, AreDoubtfulWhereDescriptorsAreOnTheirWay) {
  const Ends sockets = pair_of_sockets(SOCK_STREAM);
  char byte = 'x';
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  const int sent = sockets.first.get();
  std::memcpy(CMSG_DATA(head), &sent, sizeof sent);
  ASSERT_EQ(::sendmsg(sockets.second.get(), &message, 0), 1);

  EXPECT_EQ(look().doubts, kDescriptorsUnknown);
}

TEST(KernelRootsTest, AreDoubtfulWhereTheProgramSpeaksToItself) {
  sockaddr_in address{};
  const UniqueFd listening = bound_to_loopback(SOCK_STREAM, address);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(look().doubts, kNoDoubt);

  ASSERT_EQ(::connect(client.get(), as_address(address), sizeof address), 0);
  EXPECT_EQ(look().doubts, kDescriptorsUnknown);  // Nobody has accepted it.
  const UniqueFd server(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(look().doubts, kNoDoubt);
  ASSERT_EQ(::send(client.get(), &kWord, sizeof kWord, 0), 8);
  EXPECT_EQ(look().doubts, kDescriptorsUnknown);
}

TEST(KernelRootsTest, AreDoubtfulInMessageQueues) {
  constexpr const char* kName = "/xgops-kernel-roots-test";
  mq_attr terms{};
  terms.mq_maxmsg = 2;
  terms.mq_msgsize = 8;
  ::mq_unlink(kName);
  const UniqueFd queue(::mq_open(kName, O_RDWR | O_CREAT | O_CLOEXEC, 0600, &terms));
  if (!queue) {
    GTEST_SKIP() << "no message queues here";
  }
  ::mq_unlink(kName);

  EXPECT_EQ(look().doubts, kDescriptorsUnknown);
}

TEST(KernelRootsTest, AreDoubtfulInKindsThatNobodyKnows) {
  const UniqueFd terminal(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) {
    GTEST_SKIP() << "no terminals here";
  }
  EXPECT_EQ(look().doubts, kDescriptorsUnknown);
}

TEST(KernelRootsTest, AreDoubtfulWhenThereIsNoTimeToLook) {
  EXPECT_NE(look({.expired = true}).doubts & kDescriptorsUnknown, 0U);
}

/// Runs `body(tid)` while a thread that has done `first` stands still.
void with_thread(const std::function<void()>& first, const std::function<void(pid_t)>& body) {
  std::latch ready(1);
  std::latch done(1);
  pid_t tid = 0;
  std::thread thread([&] {
    tid = ::gettid();
    first();
    ready.count_down();
    done.wait();
  });
  ready.wait();
  body(tid);
  done.count_down();
  thread.join();
}

TEST(KernelRootsTest, AreDoubtfulWhenSignalsOfAnyThreadArePending) {
  const auto queue_for_oneself = [] {
    sigset_t one{};
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
    ::pthread_sigqueue(::pthread_self(), SIGUSR1, {});
  };
  with_thread(queue_for_oneself, [](pid_t tid) {
    EXPECT_EQ(look({.threads = {::getpid(), tid}}).doubts, kSignalsPending);
  });
  with_thread([] {}, [](pid_t tid) { EXPECT_EQ(look({.threads = {tid}}).doubts, kNoDoubt); });
}

TEST(KernelRootsTest, AreDoubtfulWhenAThreadHasOtherDescriptors) {
  FdTable table = FdTable::kShared;
  with_thread(
      [&] { table = support::leave_host_fd_table(); },
      [&](pid_t tid) {
        if (table == FdTable::kShared || ::syscall(SYS_kcmp, ::getpid(), tid, 2, 0, 0) < 0) {
          GTEST_SKIP() << "nobody can tell here";
        }
        EXPECT_EQ(look({.threads = {tid}}).doubts, kDescriptorsUnknown);
      });
}

TEST(KernelRootsTest, TellThatADeviceMayWriteToMemory) {
  EXPECT_FALSE(look().direct_io);
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_DIRECT | O_CLOEXEC));
  if (!file) {
    GTEST_SKIP() << "no direct access here";
  }
  EXPECT_TRUE(look().direct_io);
}

TEST(ForkSparesDirectIoTest, SinceAVersionOfLinux) {
  EXPECT_FALSE(fork_spares_direct_io("5.15.0-91-generic"));
  EXPECT_FALSE(fork_spares_direct_io("6.1.0-18-amd64"));
  EXPECT_FALSE(fork_spares_direct_io("6.4"));
  EXPECT_TRUE(fork_spares_direct_io("6.5.0"));
  EXPECT_TRUE(fork_spares_direct_io("7.0-rc1"));
  EXPECT_FALSE(fork_spares_direct_io(""));
}

}  // namespace
}  // namespace xgops::proof
