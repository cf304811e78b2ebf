// SPDX-License-Identifier: MIT
// A server some of whose tasks nobody can ever wake, and others that only look like it. A line on
// stdin says what happens next, a line on stdout that it has: `lose N` starts N tasks that receive
// from channels which they alone have, `keep N` as many whose channels the server has, too, `list
// N` as many like the first, of which the server has a variable, `sleep N` as many whose channels
// sleeping tasks have. `serve N` sends N numbers to those that are kept and counts what arrives;
// `fill N` takes N MiB in small blocks that point to each other.
#include <asio.hpp>
#include <asio/experimental/channel.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using Channel = asio::experimental::channel<void(asio::error_code, int)>;

/// What a server keeps of each session: it could show it, but not wake it.
struct Progress {
  int received = 0;
};

/// The global that keeps tasks from being lost.
struct Kept {
  std::vector<std::shared_ptr<Channel>> channels;
  std::vector<Progress*> progress;
} g_kept;

struct Block {
  Block* other = nullptr;
  std::array<char, 72> text{};
};

class Server {
 public:
  Server() {
    co_spawn(context_, tick(), detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Server() {
    context_.stop();
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  bool obey(const std::string& what, std::size_t count) {
    if (what == "lose") {
      start(count, [&] { spawn_lost(); });
    } else if (what == "keep") {
      start(count, [&] { spawn_kept(); });
    } else if (what == "list") {
      start(count, [&] { spawn_listed(); });
    } else if (what == "sleep") {
      start(count, [&] { spawn_with_sleeper(); });
    } else if (what == "serve") {
      serve(count);
    } else if (what == "fill") {
      fill(count);
    } else {
      return false;
    }
    return true;
  }

 private:
  awaitable<void> lost(std::shared_ptr<Channel> channel) {
    for (;;) {
      co_await channel->async_receive(use_awaitable);
    }
  }
  awaitable<void> kept(std::shared_ptr<Channel> channel) {
    for (;;) {
      co_await channel->async_receive(use_awaitable);
      ++served_;
    }
  }
  awaitable<void> listed(std::shared_ptr<Channel> channel) {
    Progress progress;
    g_kept.progress.push_back(&progress);
    for (;;) {
      progress.received += co_await channel->async_receive(use_awaitable);
    }
  }
  awaitable<void> asleep(std::shared_ptr<Channel> channel) {
    asio::steady_timer timer(context_, std::chrono::hours(1));
    co_await timer.async_wait(use_awaitable);
    co_await channel->async_send(asio::error_code(), 1, use_awaitable);
  }
  awaitable<void> tick() {
    asio::steady_timer timer(context_);
    for (;;) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(use_awaitable);
    }
  }
  static awaitable<void> nothing() { co_return; }

  // Not inlined: what is left of their frames is written over.
  [[gnu::noinline]] void spawn_lost() {
    co_spawn(context_, lost(std::make_shared<Channel>(context_)), detached);
  }
  [[gnu::noinline]] void spawn_kept() {
    g_kept.channels.push_back(std::make_shared<Channel>(context_));
    co_spawn(context_, kept(g_kept.channels.back()), detached);
  }
  [[gnu::noinline]] void spawn_listed() {
    co_spawn(context_, listed(std::make_shared<Channel>(context_)), detached);
  }
  [[gnu::noinline]] void spawn_with_sleeper() {
    const auto channel = std::make_shared<Channel>(context_);
    co_spawn(context_, asleep(channel), detached);
    co_spawn(context_, lost(channel), detached);
  }

  void start(std::size_t count, const std::function<void()>& spawn) {
    do_there([&] {
      for (std::size_t i = 0; i < count; ++i) {
        spawn();
      }
    });
    // They begin when their turn comes; then what they have left behind is written over, as it is
    // in a server that goes on.
    do_there([&] {
      for (int i = 0; i < 200; ++i) {
        co_spawn(context_, nothing, detached);
      }
    });
    do_there(scrub_stack);
    scrub_stack();
  }
  [[gnu::noinline]] static void scrub_stack() {
    std::array<char, 65'536> space;
    std::memset(space.data(), 0, space.size());
    asm volatile("" : : "r"(space.data()) : "memory");
  }

  void serve(std::size_t count) {
    const std::size_t before = served_;
    do_there([&] {
      for (std::size_t i = 0; i < count; ++i) {
        g_kept.channels[i % g_kept.channels.size()]->try_send(asio::error_code(), 1);
      }
    });
    for (bool done = false; !done;) {
      do_there([&] { done = served_ == before + count; });
    }
  }

  void fill(std::size_t mebibytes) {
    std::minstd_rand random(1);
    const std::size_t wanted = mebibytes * (std::size_t{1} << 20U) / sizeof(Block);
    for (std::size_t i = 0; i < wanted; ++i) {
      blocks_.push_back(std::make_unique<Block>());
      blocks_.back()->other = blocks_[random() % blocks_.size()].get();
    }
  }

  /// Runs `what` on the thread of the tasks.
  void do_there(const std::function<void()>& what) {
    std::promise<void> done;
    asio::post(context_, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }

  asio::io_context context_{1};
  std::size_t served_ = 0;  // Of the thread of the tasks.
  std::vector<std::unique_ptr<Block>> blocks_;
  std::thread thread_;
};

}  // namespace

int main() {
  Server server;
  std::cout << "ready" << std::endl;
  std::string what;
  for (std::size_t count = 0; std::cin >> what >> count;) {
    if (!server.obey(what, count)) {
      return 64;
    }
    std::cout << what << ' ' << count << std::endl;
  }
  return 0;
}
