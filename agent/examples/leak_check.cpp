// SPDX-License-Identifier: MIT
// A test that leaks a coroutine, and finds it.
#include <xgops/leak_check.hpp>

#include <asio.hpp>

#include <chrono>
#include <cstdio>

asio::awaitable<void> keep_alive(asio::steady_timer& timer) {
  for (;;) {
    timer.expires_after(std::chrono::seconds(20));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

int main() {
  asio::thread_pool pool(1);
  asio::steady_timer timer(pool);

  xgops::LeakCheck check;
  asio::co_spawn(pool, keep_alive(timer), asio::detached);  // Who ends it?
  const xgops::LeakReport report = check.verify();
  std::printf("%s", report.text().c_str());

  pool.stop();
  return report ? 0 : 1;
}
