// SPDX-License-Identifier: MIT
// A program that may leak a coroutine.
#pragma once

#include <asio.hpp>

#include <chrono>

class Service {
 public:
  ~Service() {
    pool_.stop();
    pool_.join();
  }

  void ask(bool forget_to_cancel) {
    asio::co_spawn(pool_, wait_for_ever(),
                   asio::bind_cancellation_slot(stop_.slot(), asio::detached));
    if (!forget_to_cancel) {
      asio::post(pool_, [this] { stop_.emit(asio::cancellation_type::all); });
    }
  }

 private:
  asio::awaitable<void> wait_for_ever() {
    asio::steady_timer timer(pool_, std::chrono::hours(1));
    asio::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }

  asio::cancellation_signal stop_;
  asio::thread_pool pool_{1};
};

inline Service& service() {
  static Service the_one;
  return the_one;
}
