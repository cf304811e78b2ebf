// SPDX-License-Identifier: MIT
// The usual tasks of a program on Boost.Asio, 1.74 and later.
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>

#include <boost/asio.hpp>

namespace {

namespace asio = boost::asio;
namespace this_coro = asio::this_coro;
using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using asio::ip::tcp;

const tcp::endpoint kLoopback(asio::ip::address_v4::loopback(), 0);

awaitable<void> wait_for_timer() {
  asio::steady_timer timer(co_await this_coro::executor, std::chrono::hours(24));
  co_await timer.async_wait(use_awaitable);
}

awaitable<int> result_after_timer() {
  co_await wait_for_timer();
  co_return 1;
}

awaitable<void> join() {
  auto executor = co_await this_coro::executor;
  co_await co_spawn(executor, result_after_timer(), use_awaitable);
}

awaitable<void> accept() {
  tcp::acceptor acceptor(co_await this_coro::executor, kLoopback);
  co_await acceptor.async_accept(use_awaitable);
}

awaitable<void> receive() {
  auto executor = co_await this_coro::executor;
  tcp::acceptor acceptor(executor, kLoopback);
  tcp::socket socket(executor);
  socket.connect(acceptor.local_endpoint());
  std::array<char, 8> bytes{};
  co_await asio::async_read(socket, asio::buffer(bytes), use_awaitable);
}

}  // namespace

int main() {
  asio::io_context io;
  co_spawn(io, wait_for_timer(), detached);
  co_spawn(io, join(), detached);
  co_spawn(io, accept(), detached);
  co_spawn(io, receive(), detached);
  auto strand = asio::make_strand(io);
  co_spawn(strand, result_after_timer(), [](const std::exception_ptr&, int) {});
  while (io.poll() > 0) {
  }
  std::printf("ready\n");
  std::fflush(stdout);
  io.run();
}
