// SPDX-License-Identifier: MIT
// What looks like a deadlock for a moment, or for long, and is none: nothing may be said of these.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <semaphore.h>
#include <unistd.h>

namespace {

using std::chrono::milliseconds;

std::vector<std::thread> g_threads;

void start(std::function<void()> run) {
  g_threads.emplace_back(std::move(run));
}

void contention() {
  static std::mutex mutexes[2];
  for (int i = 0; i < 8; ++i) {
    start([] {
      for (;;) {
        const std::scoped_lock both(mutexes[0], mutexes[1]);
      }
    });
  }
}

/// The owner sleeps with the lock held, much longer than it takes to look twice.
void slow_owner() {
  static std::mutex mutex;
  for (int i = 0; i < 4; ++i) {
    start([] {
      for (;;) {
        const std::scoped_lock lock(mutex);
        std::this_thread::sleep_for(milliseconds(500));
      }
    });
  }
}

void sleepers() {
  for (int i = 0; i < 100; ++i) {
    start([] { std::this_thread::sleep_for(std::chrono::hours(1)); });
  }
}

/// All wait for SIGTERM, which one of them takes and tells the others.
void signals() {
  static std::condition_variable stopped;
  static std::mutex mutex;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  start([set] {
    int number = 0;
    ::sigwait(&set, &number);
    stopped.notify_all();
  });
  for (int i = 0; i < 20; ++i) {
    start([] {
      std::unique_lock lock(mutex);
      stopped.wait(lock);
    });
  }
}

sem_t g_semaphore;

/// Nobody runs, but the handler of a signal would post.
void posted_by_handler() {
  ::sem_init(&g_semaphore, 0, 0);
  std::signal(SIGUSR1, [](int) { ::sem_post(&g_semaphore); });
  start([] { ::sem_wait(&g_semaphore); });
}

/// Threads come and go all the time.
void creation() {
  start([] {
    for (;;) {
      std::mutex mutex;
      std::thread one([&] { const std::scoped_lock lock(mutex); });
      std::thread other([&] { const std::scoped_lock lock(mutex); });
      one.join();
      other.join();
    }
  });
}

/// Many wait for a condition that one notifies now and then.
void ticker() {
  static std::condition_variable tick;
  static std::mutex mutex;
  for (int i = 0; i < 50; ++i) {
    start([] {
      for (;;) {
        std::unique_lock lock(mutex);
        tick.wait(lock);
      }
    });
  }
  start([] {
    for (;;) {
      std::this_thread::sleep_for(milliseconds(200));
      tick.notify_all();
    }
  });
}

/// Two hand a token to and fro; each waits most of the time.
void token() {
  static std::condition_variable passed;
  static std::mutex mutex;
  static int turn = 0;
  for (int who = 0; who < 2; ++who) {
    start([who] {
      for (;;) {
        std::unique_lock lock(mutex);
        passed.wait(lock, [who] { return turn == who; });
        turn = 1 - who;
        passed.notify_all();
      }
    });
  }
}

/// Two threads in a circle that a timeout opens again and again.
void timed_circle() {
  static std::timed_mutex mutexes[2];
  for (int who = 0; who < 2; ++who) {
    start([who] {
      for (;;) {
        const std::scoped_lock lock(mutexes[who]);
        if (mutexes[1 - who].try_lock_for(milliseconds(300))) {
          mutexes[1 - who].unlock();
        }
      }
    });
  }
}

/// A pipe's other end is in the hands of another process.
void reads_pipe() {
  static int ends[2];
  if (::pipe(ends) != 0) {
    std::perror("pipe");
    std::exit(3);
  }
  static std::mutex mutex;
  start([] {
    const std::scoped_lock lock(mutex);
    char byte = 0;
    static_cast<void>(::read(ends[0], &byte, 1) == 1);
  });
  start([] { const std::scoped_lock lock(mutex); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, void (*)()> controls{
      {"contention", contention}, {"slow_owner", slow_owner},
      {"sleepers", sleepers},     {"signals", signals},
      {"creation", creation},     {"ticker", ticker},
      {"token", token},           {"timed_circle", timed_circle},
      {"reads_pipe", reads_pipe}, {"posted_by_handler", posted_by_handler}};
  const auto found = argc == 2 ? controls.find(argv[1]) : controls.end();
  if (found == controls.end()) {
    std::fprintf(stderr, "usage: %s CONTROL\n", argv[0]);
    return 64;
  }
  found->second();
  std::cout << "ready" << std::endl;
  // Not in a read: that alone would keep the rules silent.
  for (std::thread& thread : g_threads) {
    thread.join();
  }
}
