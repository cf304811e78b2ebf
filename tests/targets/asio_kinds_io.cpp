// SPDX-License-Identifier: MIT
// Tasks that wait for input and output, channels and generators.
#include "asio_kinds.hpp"

#include <asio/experimental/channel.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <asio/experimental/coro.hpp>

#include <csignal>
#include <memory>
#include <mutex>
#include <vector>

#include <netdb.h>
#include <unistd.h>

namespace {

std::mutex g_resolving;  // Locked for ever.

}  // namespace

/// In place of the C library's: names take for ever.
extern "C" int getaddrinfo(const char* /*node*/, const char* /*service*/, const addrinfo* /*hints*/,
                           addrinfo** /*result*/) {
  const std::lock_guard lock(g_resolving);
  return EAI_AGAIN;
}

namespace kinds {
namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using asio::ip::tcp;
namespace this_coro = asio::this_coro;

constexpr std::size_t kMore = std::size_t{64} << 20;  // Than a socket's buffers hold.

const tcp::endpoint kLoopback(asio::ip::address_v4::loopback(), 0);

awaitable<void> accept(tcp::acceptor acceptor) {
  XGOPS_AWAIT("accept", acceptor.async_accept(use_awaitable));
}

/// To a socket that takes no more: the first connection fills its queue, the second gets no answer.
awaitable<void> connect() {
  tcp::acceptor full(co_await this_coro::executor, kLoopback);
  full.listen(0);
  tcp::socket first(co_await this_coro::executor);
  co_await first.async_connect(full.local_endpoint(), use_awaitable);
  tcp::socket second(co_await this_coro::executor);
  XGOPS_AWAIT("connect", second.async_connect(full.local_endpoint(), use_awaitable));
}

struct Pair {
  tcp::socket ours;
  tcp::socket theirs;
};

awaitable<Pair> connected_pair() {
  const auto executor = co_await this_coro::executor;
  tcp::acceptor acceptor(executor, kLoopback);
  tcp::socket ours(executor);
  ours.connect(acceptor.local_endpoint());
  co_return Pair{std::move(ours), acceptor.accept()};
}

awaitable<void> receive() {
  Pair pair = co_await connected_pair();
  char byte = 0;
  XGOPS_AWAIT("socket receive", pair.ours.async_read_some(asio::buffer(&byte, 1), use_awaitable));
}

awaitable<void> read_composed() {
  Pair pair = co_await connected_pair();
  std::vector<char> bytes(1000);
  XGOPS_AWAIT("socket receive", asio::async_read(pair.ours, asio::buffer(bytes), use_awaitable));
}

awaitable<void> send() {
  Pair pair = co_await connected_pair();
  const std::vector<char> bytes(kMore);
  XGOPS_AWAIT("socket send", asio::async_write(pair.ours, asio::buffer(bytes), use_awaitable));
}

awaitable<void> readable() {
  Pair pair = co_await connected_pair();
  XGOPS_AWAIT("socket ready", pair.ours.async_wait(tcp::socket::wait_read, use_awaitable));
}

awaitable<void> receive_datagram() {
  using asio::ip::udp;
  udp::socket socket(co_await this_coro::executor, udp::endpoint(kLoopback.address(), 0));
  char byte = 0;
  udp::endpoint from;
  XGOPS_AWAIT("socket receive",
              socket.async_receive_from(asio::buffer(&byte, 1), from, use_awaitable));
}

awaitable<void> resolve() {
  tcp::resolver resolver(co_await this_coro::executor);
  XGOPS_AWAIT("resolve", resolver.async_resolve("a.name", "http", use_awaitable));
}

awaitable<void> wait_for_signal() {
  asio::signal_set signals(co_await this_coro::executor, SIGUSR2);
  XGOPS_AWAIT("signal", signals.async_wait(use_awaitable));
}

awaitable<void> read_pipe() {
  int ends[2];
  if (::pipe(ends) != 0) {
    co_return;
  }
  asio::posix::stream_descriptor descriptor(co_await this_coro::executor, ends[0]);
  char byte = 0;
  XGOPS_AWAIT("descriptor read", descriptor.async_read_some(asio::buffer(&byte, 1), use_awaitable));
}

template <class Channel>
awaitable<void> channel_send() {
  Channel channel(co_await this_coro::executor, 0);
  XGOPS_AWAIT("channel send", channel.async_send(asio::error_code(), 1, use_awaitable));
}

template <class Channel>
awaitable<void> channel_receive() {
  Channel channel(co_await this_coro::executor, 0);
  XGOPS_AWAIT("channel receive", channel.async_receive(use_awaitable));
}

asio::experimental::coro<int> numbers(asio::any_io_executor executor) {
  Timer timer(executor, kForever);
  XGOPS_AWAIT("asynchronous operation", timer.async_wait(asio::experimental::use_coro));
  co_yield 1;
}

awaitable<void> next_number() {
  auto generator = numbers(co_await this_coro::executor);
  XGOPS_AWAIT("generator", generator.async_resume(use_awaitable));
}

}  // namespace

void spawn_input_output(Scene& scene) {
  g_resolving.lock();
  co_spawn(scene.io, accept(tcp::acceptor(scene.io, kLoopback)), detached);
  co_spawn(scene.io, connect(), detached);
  co_spawn(scene.io, receive(), detached);
  co_spawn(scene.io, read_composed(), detached);
  co_spawn(scene.io, send(), detached);
  co_spawn(scene.io, readable(), detached);
  co_spawn(scene.io, receive_datagram(), detached);
  co_spawn(scene.io, resolve(), detached);
  co_spawn(scene.io, wait_for_signal(), detached);
  co_spawn(scene.io, read_pipe(), detached);
}

void spawn_channels(Scene& scene) {
  using Channel = asio::experimental::channel<void(asio::error_code, int)>;
  using Concurrent = asio::experimental::concurrent_channel<void(asio::error_code, int)>;
  co_spawn(scene.io, channel_send<Channel>(), detached);
  co_spawn(scene.io, channel_receive<Channel>(), detached);
  co_spawn(scene.io, channel_send<Concurrent>(), detached);
  co_spawn(scene.io, channel_receive<Concurrent>(), detached);
  co_spawn(scene.io, next_number(), detached);
}

}  // namespace kinds
