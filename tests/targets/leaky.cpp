// SPDX-License-Identifier: MIT
// A server some of whose tasks are forgotten, while others go about their work. A line on stdin
// says what happens next, a line on stdout that it has: `leak N` starts N tasks that nobody will
// wake, `wake N` wakes the first N of these, which wait again, `end N` ends the first N.
#include <asio.hpp>
#include <asio/experimental/channel.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <future>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>

namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using Reply = asio::experimental::channel<void(asio::error_code, int)>;

class Server {
 public:
  Server() {
    co_spawn(context_, accept(), detached);
    co_spawn(context_, tick(), detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Server() {
    context_.stop();
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void leak(std::size_t count) {
    const std::size_t before = waits_;
    do_there([&] {
      for (std::size_t i = 0; i < count; ++i) {
        replies_.emplace_back(context_, 1);
        co_spawn(context_, ask(replies_.back()), detached);
      }
    });
    wait_for(before + count);
  }
  void wake(std::size_t count) {
    const std::size_t before = waits_;
    do_there([&] {
      for (std::size_t i = 0; i < count; ++i) {
        replies_[ended_ + i].try_send(asio::error_code(), 1);
      }
    });
    wait_for(before + count);
  }
  void end(std::size_t count) {
    do_there([&] {
      for (std::size_t i = 0; i < count; ++i) {
        replies_[ended_++].close();
      }
    });
    wait_for(waits_);
    while (asks_ != replies_.size() - ended_) {
      std::this_thread::yield();
    }
  }

 private:
  awaitable<void> ask(Reply& reply) {
    ++asks_;
    try {
      for (;;) {
        ++waits_;
        co_await reply.async_receive(use_awaitable);
      }
    } catch (const std::system_error&) {
      --asks_;
    }
  }
  awaitable<void> accept() {
    using asio::ip::tcp;
    tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
    for (;;) {
      co_await acceptor.async_accept(use_awaitable);
    }
  }
  awaitable<void> tick() {
    asio::steady_timer timer(context_);
    for (;;) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(use_awaitable);
    }
  }

  /// Runs `what` on the thread of the tasks.
  template <class What>
  void do_there(What what) {
    std::promise<void> done;
    asio::post(context_, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  /// Until as many waits have begun, and the last of them is one.
  void wait_for(std::size_t waits) {
    while (waits_ < waits) {
      std::this_thread::yield();
    }
    do_there([] {});
  }

  asio::io_context context_{1};
  std::deque<Reply> replies_;
  std::size_t ended_ = 0;
  std::atomic<std::size_t> waits_{0};
  std::atomic<std::size_t> asks_{0};
  std::thread thread_;
};

}  // namespace

int main() {
  Server server;
  std::cout << "ready" << std::endl;
  std::string what;
  for (std::size_t count = 0; std::cin >> what >> count;) {
    if (what == "leak") {
      server.leak(count);
    } else if (what == "wake") {
      server.wake(count);
    } else if (what == "end") {
      server.end(count);
    } else {
      return 64;
    }
    std::cout << what << ' ' << count << std::endl;
  }
  return 0;
}
