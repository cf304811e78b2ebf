// SPDX-License-Identifier: MIT
// Threads that wait for the kernel: pipes, sockets, files, events, signals, children, messages.
#include "io_support.hpp"

#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>

namespace {

using target::Actor;
using target::check;
using target::Scene;

/// Reads from `fd`, which never has anything.
void read_for_ever(Actor& actor, int fd, const std::string& detail = {}) {
  char byte = 0;
  actor.waits_on(fd, detail);
  actor.about_to_block();
  (void)!::read(fd, &byte, sizeof byte);
}

void add_pipes(Scene& scene) {
  scene.add("pipe-read", {.reason = "pipe read", .system_call = SYS_read},
            [](Actor& actor) { read_for_ever(actor, target::make_pipe().first); });
  scene.add("pipe-write", {.reason = "pipe write", .system_call = SYS_write}, [](Actor& actor) {
    const int fd = target::make_pipe().second;
    target::fill(fd);
    const std::array<char, 4096> block{};
    actor.waits_on(fd);
    actor.about_to_block();
    (void)!::write(fd, block.data(), block.size());
  });
}

void add_sockets(Scene& scene) {
  scene.add("unix-read", {.reason = "socket read", .system_call = SYS_read},
            [](Actor& actor) { read_for_ever(actor, target::make_socket_pair().first); });
  scene.add("tcp-recv", {.reason = "socket read", .system_call = SYS_recvfrom}, [](Actor& actor) {
    const auto listener = target::listen_tcp();
    const int fd = target::connect_tcp(listener);
    char byte = 0;
    actor.waits_on(fd, listener.text());
    actor.about_to_block();
    ::recv(fd, &byte, sizeof byte, 0);
  });
  scene.add("unix-send", {.reason = "socket write", .system_call = SYS_sendto}, [](Actor& actor) {
    const int fd = target::make_socket_pair().first;
    target::fill(fd);
    const std::array<char, 4096> block{};
    actor.waits_on(fd);
    actor.about_to_block();
    ::send(fd, block.data(), block.size(), 0);
  });
  scene.add("tcp-accept", {.reason = "accept", .system_call = SYS_accept}, [](Actor& actor) {
    const auto listener = target::listen_tcp();
    actor.waits_on(listener.fd, listener.text());
    actor.about_to_block();
    ::accept(listener.fd, nullptr, nullptr);
  });
  scene.add("unix-connect", {.reason = "connect", .system_call = SYS_connect}, [](Actor& actor) {
    const target::FullListener listener;
    actor.about_to_block();
    listener.connect_blocking();
  });
}

void add_multiplexers(Scene& scene) {
  const auto epoll = [](int timeout_ms) {
    return [timeout_ms](Actor& actor) {
      const int fd = check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
      epoll_event event{};
      actor.waits_on(fd);
      actor.about_to_block();
      ::epoll_wait(fd, &event, 1, timeout_ms);
    };
  };
  scene.add("epoll", {.reason = "epoll", .system_call = SYS_epoll_wait}, epoll(-1));
  scene.add("epoll-timed", {.reason = "epoll", .system_call = SYS_epoll_wait, .timed = true},
            epoll(7'200'000));
  scene.add("poll", {.reason = "poll", .system_call = SYS_poll}, [](Actor& actor) {
    pollfd entry{target::make_pipe().first, POLLIN, 0};
    actor.waits_on(entry.fd);
    actor.about_to_block();
    ::poll(&entry, 1, -1);
  });
  scene.add("poll-timed", {.reason = "poll", .system_call = SYS_poll, .timed = true},
            [](Actor& actor) {
              actor.about_to_block();
              ::poll(nullptr, 0, 7'200'000);
            });
  scene.add("select", {.reason = "select", .system_call = SYS_pselect6}, [](Actor& actor) {
    fd_set set;
    FD_ZERO(&set);
    const int fd = target::make_pipe().first;
    FD_SET(fd, &set);
    actor.about_to_block();
    ::select(fd + 1, &set, nullptr, nullptr, nullptr);
  });
}

void add_event_descriptors(Scene& scene) {
  scene.add("eventfd", {.reason = "event read", .system_call = SYS_read}, [](Actor& actor) {
    std::uint64_t value = 0;
    const int fd = check(::eventfd(0, EFD_CLOEXEC), "eventfd");
    actor.waits_on(fd, "eventfd");
    actor.about_to_block();
    (void)!::read(fd, &value, sizeof value);
  });
  scene.add("eventfd-write", {.reason = "system call", .system_call = SYS_write}, [](Actor& actor) {
    const int fd = check(::eventfd(0, EFD_CLOEXEC), "eventfd");
    constexpr std::uint64_t kFull = ~std::uint64_t{0} - 1;
    (void)!::write(fd, &kFull, sizeof kFull);
    actor.waits_on(fd, "write eventfd");
    actor.about_to_block();
    (void)!::write(fd, &kFull, sizeof kFull);
  });
  const int faults = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
  uffdio_api api{};
  api.api = UFFD_API;
  if (faults >= 0 && ::ioctl(faults, UFFDIO_API, &api) == 0) {  // The kernel may forbid it.
    scene.add("userfaultfd", {.reason = "event read", .system_call = SYS_read},
              [faults](Actor& actor) {
                uffd_msg message{};
                actor.waits_on(faults, "userfaultfd");
                actor.about_to_block();
                (void)!::read(faults, &message, sizeof message);
              });
  }
  scene.add("timerfd", {.reason = "event read", .system_call = SYS_read}, [](Actor& actor) {
    std::uint64_t value = 0;
    const int fd = check(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create");
    actor.waits_on(fd, "timerfd");
    actor.about_to_block();
    (void)!::read(fd, &value, sizeof value);
  });
  scene.add("inotify", {.reason = "event read", .system_call = SYS_read}, [](Actor& actor) {
    std::array<char, 4096> events{};
    const int fd = check(::inotify_init1(IN_CLOEXEC), "inotify_init1");
    actor.waits_on(fd, "inotify");
    actor.about_to_block();
    (void)!::read(fd, events.data(), events.size());
  });
  scene.add("signalfd", {.reason = "event read", .system_call = SYS_read}, [](Actor& actor) {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signalfd_siginfo information{};
    const int fd = check(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
    actor.waits_on(fd);
    actor.about_to_block();
    (void)!::read(fd, &information, sizeof information);
  });
}

void add_files(Scene& scene) {
  const auto open_twice = [](const std::string& name, Actor& actor) {
    const std::string path = target::scratch_path(name);
    target::Ends files;
    files.first = check(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open");
    files.second = check(::open(path.c_str(), O_RDWR | O_CLOEXEC), "open");
    actor.waits_on(files.second, name);
    return files;
  };
  const std::string queue = target::scratch_path("queue");
  check(::mkfifo(queue.c_str(), 0600), "mkfifo");
  scene.add("open-fifo", {.reason = "system call", .system_call = SYS_openat},
            [queue](Actor& actor) {
              actor.waits_on(-1, "openat " + queue);
              actor.about_to_block();
              (void)!::open(queue.c_str(), O_RDONLY | O_CLOEXEC);
            });
  scene.add("flock", {.reason = "file lock", .system_call = SYS_flock}, [open_twice](Actor& actor) {
    const auto files = open_twice("flocked", actor);
    ::flock(files.first, LOCK_EX);
    actor.about_to_block();
    ::flock(files.second, LOCK_EX);
  });
  scene.add("fcntl-lock", {.reason = "file lock", .system_call = SYS_fcntl},
            [open_twice](Actor& actor) {
              const auto files = open_twice("locked", actor);
              struct ::flock whole {};
              whole.l_type = F_WRLCK;
              check(::fcntl(files.first, F_OFD_SETLK, &whole), "F_OFD_SETLK");
              actor.about_to_block();
              ::fcntl(files.second, F_OFD_SETLKW, &whole);
            });
  scene.add("terminal", {.reason = "terminal read", .system_call = SYS_read}, [](Actor& actor) {
    const int controller = check(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt");
    check(::grantpt(controller), "grantpt");
    check(::unlockpt(controller), "unlockpt");
    std::array<char, 64> name{};
    ::ptsname_r(controller, name.data(), name.size());
    const int fd = check(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open terminal");
    read_for_ever(actor, fd, name.data());
  });
}

void add_signals_and_children(Scene& scene) {
  scene.add("sleep", {.reason = "sleep", .system_call = SYS_clock_nanosleep, .timed = true},
            [](Actor& actor) {
              actor.about_to_block();
              ::sleep(7200);
            });
  scene.add("pause", {.reason = "pause", .system_call = SYS_pause}, [](Actor& actor) {
    actor.about_to_block();
    ::pause();
  });
  scene.add("sigwait", {.reason = "signal wait", .system_call = SYS_rt_sigtimedwait},
            [](Actor& actor) {
              sigset_t set;
              ::sigemptyset(&set);
              ::sigaddset(&set, SIGUSR2);
              ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
              int number = 0;
              actor.about_to_block();
              ::sigwait(&set, &number);
            });
  scene.add("waitpid", {.reason = "child wait", .system_call = SYS_wait4}, [](Actor& actor) {
    const int blocked = target::make_pipe().first;
    const pid_t child = check(::fork(), "fork");
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      char byte = 0;
      (void)!::read(blocked, &byte, 1);
      ::_exit(0);
    }
    actor.about_to_block();
    ::waitpid(child, nullptr, 0);
  });
}

void add_messages(Scene& scene) {
  scene.add("msgrcv", {.reason = "message queue", .system_call = SYS_msgrcv}, [](Actor& actor) {
    const int queue = check(::msgget(IPC_PRIVATE, 0600), "msgget");
    target::at_end([queue] { ::msgctl(queue, IPC_RMID, nullptr); });
    std::array<char, 64> message{};
    actor.about_to_block();
    ::msgrcv(queue, message.data(), 8, 0, 0);
  });
  const std::string name = "/xgops-target-" + std::to_string(::getpid());
  mq_attr attributes{};
  attributes.mq_maxmsg = 2;
  attributes.mq_msgsize = 16;
  const mqd_t queue = ::mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, &attributes);
  if (queue >= 0) {  // The kernel may come without POSIX queues.
    ::mq_unlink(name.c_str());
    scene.add("mq-receive", {.reason = "message queue", .system_call = SYS_mq_timedreceive},
              [queue](Actor& actor) {
                std::array<char, 16> message{};
                actor.about_to_block();
                ::mq_receive(queue, message.data(), message.size(), nullptr);
              });
  }
  io_uring_params parameters{};
  const int ring = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &parameters));
  if (ring >= 0) {  // Often forbidden to containers.
    scene.add("io-uring", {.reason = "io uring", .system_call = SYS_io_uring_enter},
              [ring](Actor& actor) {
                actor.waits_on(ring);
                actor.about_to_block();
                ::syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
              });
  }
}

}  // namespace

int main() {
  Scene scene;
  add_pipes(scene);
  add_sockets(scene);
  add_multiplexers(scene);
  add_event_descriptors(scene);
  add_files(scene);
  add_signals_and_children(scene);
  add_messages(scene);
  scene.announce();
  Scene::serve();
}
