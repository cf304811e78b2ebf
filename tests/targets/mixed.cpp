// SPDX-License-Identifier: MIT
// Waits below all that makes unwinding hard: alloca, arrays of variable length, over-aligned
// frames, callbacks from C, std::function, Asio, futures, regular expressions. Built in many
// dialects.
#include "io_support.hpp"

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <shared_mutex>
#include <vector>

#include <alloca.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

namespace {

using target::Actor;
using target::Expectation;
using target::Scene;

std::mutex g_mutex;
std::condition_variable g_condition;
volatile int g_sink = 0;

const Expectation kWaits{.reason = "", .system_call = target::kAnyCall};

void wait_for_condition() {
  std::unique_lock lock(g_mutex);
  g_condition.wait(lock, [] { return false; });
}

[[gnu::noinline]] void through_functions(
    int depth, const std::function<void()>& end) {  // NOLINT(misc-no-recursion)
  std::map<int, std::string> local;
  local[depth] = "x";
  if (depth == 0) {
    end();
  } else {
    through_functions(depth - 1, end);
  }
  g_sink = static_cast<int>(local.size());
}

[[gnu::noinline]] void with_alloca(std::size_t size, const std::function<void()>& end) {
  auto* const memory = static_cast<char*>(alloca(size));
  std::memset(memory, 1, size);
  end();
  g_sink = memory[size / 2];
}

[[gnu::noinline]] void with_alignment(const std::function<void()>& end) {
  alignas(64) volatile char block[256];
  block[1] = 1;
  end();
  g_sink = block[1];
}

[[gnu::noinline]] void with_many_arguments(int a, int b, int c, int d, int e, int f, int g, int h,
                                           const std::function<void()>& end) {
  end();
  g_sink = a + b + c + d + e + f + g + h;
}

[[gnu::noinline]] double with_floats(double number, const std::function<void()>& end) {
  const double scaled = number * 1.5;
  end();
  return scaled + number;
}

struct Interface {
  virtual ~Interface() = default;
  virtual void enter(const std::function<void()>& end) = 0;
};
struct Left : virtual Interface {
  int left = 1;
};
struct Right : virtual Interface {
  int right = 2;
};
/// Called through a thunk that adjusts `this`.
struct Diamond final : Left, Right {
  [[gnu::noinline]] void enter(const std::function<void()>& end) override {
    end();
    g_sink = left + right;
  }
};

int compare_and_wait(const void* left, const void* right) {
  static std::atomic<bool> waited{false};
  if (!waited.exchange(true)) {
    wait_for_condition();
  }
  return *static_cast<const int*>(left) - *static_cast<const int*>(right);
}

void add_frames(Scene& scene) {
  const auto add = [&scene](const char* name,
                            std::function<void(const std::function<void()>&)> enter) {
    scene.add(name, kWaits, [enter = std::move(enter)](Actor& actor) {
      actor.about_to_block();
      enter(wait_for_condition);
    });
  };
  add("functions", [](const auto& end) { through_functions(4, end); });
  add("alloca", [](const auto& end) { with_alloca(1000, end); });
  add("alignment", [](const auto& end) { with_alignment(end); });
  add("align-alloca", [](const auto& end) { with_alignment([&end] { with_alloca(77, end); }); });
  add("arguments", [](const auto& end) { with_many_arguments(1, 2, 3, 4, 5, 6, 7, 8, end); });
  add("floats", [](const auto& end) { g_sink = static_cast<int>(with_floats(2.5, end)); });
  add("thunk", [](const auto& end) {
    const auto diamond = std::make_unique<Diamond>();
    Interface& interface = *diamond;
    interface.enter(end);
  });
  add("in-catch", [](const auto& end) {
    try {
      throw std::runtime_error("caught while waiting");
    } catch (const std::exception& error) {
      end();
      g_sink = error.what()[0];
    }
  });
  add("destructor", [](const auto& end) {
    struct Waits {
      const std::function<void()>& end;
      ~Waits() { end(); }
    };
    const Waits waits{end};
  });
}

void add_callbacks(Scene& scene) {
  scene.add("qsort", kWaits, [](Actor& actor) {
    std::array<int, 100> numbers{};
    std::iota(numbers.rbegin(), numbers.rend(), 0);
    actor.about_to_block();
    std::qsort(numbers.data(), numbers.size(), sizeof(int), compare_and_wait);
  });
  scene.add("sort", kWaits, [](Actor& actor) {
    std::vector<int> numbers(100);
    std::iota(numbers.rbegin(), numbers.rend(), 0);
    bool waited = false;
    actor.about_to_block();
    std::sort(numbers.begin(), numbers.end(), [&waited](int left, int right) {
      if (!std::exchange(waited, true)) {
        wait_for_condition();
      }
      return left < right;
    });
  });
  scene.add("regex", kWaits, [](Actor& actor) {
    const std::string text(18, 'a');
    g_sink = std::regex_search(text, std::regex("(a|b)*c")) ? 1 : 0;
    actor.about_to_block();
    std::this_thread::sleep_for(std::chrono::hours(2));
  });
  scene.add("once", kWaits, [](Actor& actor) {
    static std::once_flag flag;
    std::call_once(flag, [&actor] {
      actor.about_to_block();
      ::pause();
    });
  });
  scene.add("popen", kWaits, [](Actor& actor) {
    // The command reads what we never write, and ends when we do.
    const target::Ends silent = target::make_pipe();
    ::fcntl(silent.first, F_SETFD, 0);
    std::FILE* const command = ::popen(("exec cat <&" + std::to_string(silent.first)).c_str(), "r");
    std::array<char, 16> line{};
    actor.about_to_block();
    (void)!std::fgets(line.data(), line.size(), command);
    ::pclose(command);
  });
}

void add_futures(Scene& scene) {
  static std::promise<int> promise;
  static const std::shared_future<int> future = promise.get_future().share();
  scene.add("future", kWaits, [](Actor& actor) {
    actor.about_to_block();
    through_functions(2, [] { future.wait(); });
  });
  scene.add("async", kWaits, [](Actor& actor) {
    auto result = std::async(std::launch::async, [] { with_alloca(64, [] { future.wait(); }); });
    actor.about_to_block();
    result.get();
  });
  static std::shared_mutex shared;
  shared.lock();
  scene.add("shared", kWaits, [](Actor& actor) {
    actor.about_to_block();
    with_alignment([] { shared.lock_shared(); });
  });
  scene.add("atomic", kWaits, [](Actor& actor) {
    static std::atomic<int> number{0};
    actor.about_to_block();
    number.wait(0);
  });
  scene.add("eventfd", kWaits, [](Actor& actor) {
    const int fd = target::check(::eventfd(0, EFD_CLOEXEC), "eventfd");
    std::uint64_t value = 0;
    actor.about_to_block();
    (void)!::read(fd, &value, sizeof value);
  });
}

void add_asio(Scene& scene) {
  static asio::io_context context;
  static asio::steady_timer timer(context, std::chrono::hours(2));
  static asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  static asio::ip::tcp::socket accepted(context);
  timer.async_wait([](const asio::error_code&) {});
  acceptor.async_accept(accepted, [](const asio::error_code&) {});
  for (const char* name : {"asio-1", "asio-2"}) {
    scene.add(name, kWaits, [](Actor& actor) {
      actor.about_to_block();
      context.run();
    });
  }
  scene.add("asio-read", kWaits, [](Actor& actor) {
    asio::io_context own;
    asio::ip::tcp::socket socket(own);
    socket.connect(acceptor.local_endpoint());
    std::array<char, 8> bytes{};
    actor.about_to_block();
    asio::read(socket, asio::buffer(bytes));
  });
  scene.add("asio-pool", kWaits, [](Actor& actor) {
    asio::thread_pool pool(1);
    asio::post(pool, wait_for_condition);
    actor.about_to_block();
    pool.join();
  });
}

}  // namespace

int main() {
  static Scene scene;
  add_frames(scene);
  add_callbacks(scene);
  add_futures(scene);
  add_asio(scene);
  scene.announce();
  Scene::serve();
}
