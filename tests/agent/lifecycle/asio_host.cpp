// SPDX-License-Identifier: MIT
// A program with an Asio and a cereal of its own, configured unlike the agent's, and with functions
// that have the names of the agent's: nothing of either may reach the other.
#include "xgops/agent.hpp"

#include <asio.hpp>
#include <cereal/archives/portable_binary.hpp>
#include <cereal/types/string.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

#if !defined(ASIO_DISABLE_EPOLL)
#  error "this host must be configured unlike the agent"
#endif

// Called by the agent instead of its own, each would end this program.
namespace xgops::protocol {
[[gnu::used, gnu::visibility("default")]] const std::error_category& error_category() noexcept {
  std::abort();
}
}  // namespace xgops::protocol
namespace xgops::support {
enum class FdTable : unsigned char { kShared };
[[gnu::used, gnu::visibility("default")]] FdTable leave_host_fd_table() noexcept {
  std::abort();
}
class Event {
 public:
  void set() noexcept;
};
[[gnu::used, gnu::visibility("default")]] void Event::set() noexcept {
  std::abort();
}
}  // namespace xgops::support

namespace {

/// A coroutine that asks itself over a socket.
asio::awaitable<void> talk(asio::local::stream_protocol::socket& near,
                           asio::local::stream_protocol::socket& far, std::string& heard) {
  co_await asio::async_write(near, asio::buffer("hello", 5), asio::use_awaitable);
  heard.resize(5);
  co_await asio::async_read(far, asio::buffer(heard), asio::use_awaitable);
}

std::string use_asio() {
  asio::io_context context;
  asio::local::stream_protocol::socket near(context);
  asio::local::stream_protocol::socket far(context);
  asio::local::connect_pair(near, far);
  std::string heard;
  asio::co_spawn(context, talk(near, far, heard), asio::detached);
  asio::steady_timer timer(context, std::chrono::milliseconds(1));
  timer.async_wait([](const std::error_code&) {});
  context.run();
  return heard;
}

std::string use_cereal() {
  std::stringstream stream;
  cereal::PortableBinaryOutputArchive{stream}(std::string("archived"));
  std::string text;
  cereal::PortableBinaryInputArchive{stream}(text);
  return text;
}

/// Exceptions of this program are caught by this program.
std::string use_exceptions() {
  try {
    throw std::system_error(std::make_error_code(std::errc::timed_out));
  } catch (const std::system_error& error) {
    return error.code() == std::errc::timed_out ? "caught" : "other";
  }
}

}  // namespace

int main() {
#if defined(XGOPS_LINKED)
  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "%s\n", agent.error().message().c_str());
    return 1;
  }
#endif
  std::puts("ready");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::puts((use_asio() + " " + use_cereal() + " " + use_exceptions()).c_str());
    std::fflush(stdout);
  }
}
