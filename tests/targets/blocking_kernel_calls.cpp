// SPDX-License-Identifier: MIT
// Calls that wait for kernel objects: file locks, children, event descriptors, queues, rings.
#include "blocking_calls.hpp"

#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

namespace target {
namespace {

Ends open_twice(const std::string& name) {
  const std::string path = scratch_path(name);
  const int first = check(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open");
  return {first, check(::open(path.c_str(), O_RDWR | O_CLOEXEC), "open")};
}

void append_files(std::vector<BlockingCall>& calls) {
  calls.push_back({"flock", SYS_flock, [](Actor& actor) -> long {
                     const Ends files = open_twice("flock");
                     ::flock(files.first, LOCK_EX);
                     actor.about_to_block();
                     return ::flock(files.second, LOCK_EX);
                   }});
  calls.push_back({"fcntl lock", SYS_fcntl, [](Actor& actor) -> long {
                     const Ends files = open_twice("fcntl");
                     struct ::flock whole {};
                     whole.l_type = F_WRLCK;
                     ::fcntl(files.first, F_OFD_SETLK, &whole);
                     actor.about_to_block();
                     return ::fcntl(files.second, F_OFD_SETLKW, &whole);
                   }});
  calls.push_back({"open fifo", SYS_openat, [](Actor& actor) -> long {
                     const std::string path = scratch_path("fifo");
                     check(::mkfifo(path.c_str(), 0600), "mkfifo");
                     actor.about_to_block();
                     return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
                   }});
}

void append_event_descriptors(std::vector<BlockingCall>& calls) {
  calls.push_back({"read eventfd", SYS_read, [](Actor& actor) -> long {
                     const int fd = check(::eventfd(0, EFD_CLOEXEC), "eventfd");
                     std::uint64_t value = 0;
                     actor.about_to_block();
                     return ::read(fd, &value, sizeof value);
                   }});
  calls.push_back({"read timerfd", SYS_read, [](Actor& actor) -> long {
                     const int fd =
                         check(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create");
                     std::uint64_t value = 0;
                     actor.about_to_block();
                     return ::read(fd, &value, sizeof value);
                   }});
  calls.push_back({"read inotify", SYS_read, [](Actor& actor) -> long {
                     const int fd = check(::inotify_init1(IN_CLOEXEC), "inotify_init1");
                     std::array<char, 4096> events{};
                     actor.about_to_block();
                     return ::read(fd, events.data(), events.size());
                   }});
}

void append_system_v(std::vector<BlockingCall>& calls) {
  calls.push_back({"msgrcv", SYS_msgrcv, [](Actor& actor) -> long {
                     const int queue = check(::msgget(IPC_PRIVATE, 0600), "msgget");
                     at_end([queue] { ::msgctl(queue, IPC_RMID, nullptr); });
                     std::array<char, 64> message{};
                     actor.about_to_block();
                     return ::msgrcv(queue, message.data(), 8, 0, 0);
                   }});
  calls.push_back({"semop", SYS_semtimedop, [](Actor& actor) -> long {
                     const int set = check(::semget(IPC_PRIVATE, 1, 0600), "semget");
                     at_end([set] { ::semctl(set, 0, IPC_RMID); });
                     sembuf down{0, -1, 0};
                     actor.about_to_block();
                     return ::semop(set, &down, 1);
                   }});
}

/// Only where the kernel has them and permits them.
void append_optional(std::vector<BlockingCall>& calls) {
  const std::string name = "/xgops-target-" + std::to_string(::getpid());
  mq_attr attributes{};
  attributes.mq_maxmsg = 2;
  attributes.mq_msgsize = 16;
  const mqd_t queue = ::mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, &attributes);
  if (queue >= 0) {
    ::mq_unlink(name.c_str());
    calls.push_back({"mq_receive", SYS_mq_timedreceive, [queue](Actor& actor) -> long {
                       std::array<char, 16> message{};
                       actor.about_to_block();
                       return ::mq_receive(queue, message.data(), message.size(), nullptr);
                     }});
  }
  io_uring_params parameters{};
  const int ring = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &parameters));
  if (ring >= 0) {
    calls.push_back({"io_uring_enter", SYS_io_uring_enter, [ring](Actor& actor) -> long {
                       actor.about_to_block();
                       return ::syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS,
                                        nullptr, 0);
                     }});
  }
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 8, &context) == 0) {
    calls.push_back({"io_getevents", SYS_io_getevents, [context](Actor& actor) -> long {
                       io_event event{};
                       actor.about_to_block();
                       return ::syscall(SYS_io_getevents, context, 1, 1, &event, nullptr);
                     }});
  }
}

}  // namespace

void append_kernel_object_calls(std::vector<BlockingCall>& calls) {
  append_files(calls);
  append_event_descriptors(calls);
  append_system_v(calls);
  append_optional(calls);
  calls.push_back({"waitpid", SYS_wait4, [](Actor& actor) -> long {
                     const int silent = make_pipe().first;
                     const pid_t child = check(::fork(), "fork");
                     if (child == 0) {
                       ::prctl(PR_SET_PDEATHSIG, SIGKILL);
                       char byte = 0;
                       (void)!::read(silent, &byte, 1);
                       ::_exit(0);
                     }
                     actor.about_to_block();
                     return ::waitpid(child, nullptr, 0);
                   }});
}

}  // namespace target
