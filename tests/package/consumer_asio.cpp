// SPDX-License-Identifier: MIT
// A stock Asio program that links xgops::asio: its one coroutine must be seen.

#include <xgops/agent.hpp>

#include <asio.hpp>

#include <cstdio>

asio::awaitable<void> wait_for_ever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::duration::max());
  co_await timer.async_wait(asio::use_awaitable);
}

int main() {
  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "consumer_asio: %s\n", agent.error().message().c_str());
    return 1;
  }
  asio::io_context context;
  co_spawn(context, wait_for_ever(), asio::detached);
  context.poll();
  std::printf("ready\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
