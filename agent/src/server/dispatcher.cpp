// SPDX-License-Identifier: MIT
// The last line of defence: no failure of a command reaches the host.
#include "server/dispatcher.hpp"

#include "commands/handlers.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/codec.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgops::server {
namespace {

using Clock = std::chrono::steady_clock;
using protocol::Errc;

/// When the answer to `request` is due: requests with a field for it choose within limits.
template <class Request>
Clock::time_point deadline_of(const Request& request, Clock::time_point arrival) {
  if constexpr (requires { request.deadline_ms; }) {
    if (request.deadline_ms != 0) {
      return arrival +
             std::min(std::chrono::milliseconds(request.deadline_ms), protocol::kMaxDeadline);
    }
  }
  return arrival + protocol::kDefaultDeadline;
}

struct Request {
  commands::AgentState& state;
  const protocol::Header& header;
  std::span<const std::byte> payload;
  commands::ReplyChannel& channel;
  Clock::time_point arrival;
};

template <class Exchange>
Result<void> serve(const Request& asked) {
  auto request = protocol::decode<typename Exchange::Request>(asked.payload);
  if (!request) {
    return std::move(request).error();
  }
  commands::Reply<Exchange> reply(
      asked.channel, commands::ReplyTerms{.version = asked.header.version,
                                          .request_id = asked.header.request_id,
                                          .arrival = asked.arrival,
                                          .deadline = deadline_of(*request, asked.arrival)});
  auto result = commands::handle(asked.state, *request, reply);
  if (result && (reply.lost() || !reply.finished())) {
    // The outbox has no room, or nobody is there: then this message is lost too.
    return Error{make_error_code(Errc::kInternal), "the answer was not completed"};
  }
  return result;
}

template <class... Exchanges>
Result<void> serve_any(std::type_identity<std::tuple<Exchanges...>> /*catalog*/,
                       const Request& asked) {
  Result<void> result =
      Error{make_error_code(Errc::kUnknownMessage),
            "message type " + std::to_string(static_cast<unsigned>(asked.header.type))};
  ((asked.header.type == Exchanges::kType ? void(result = serve<Exchanges>(asked)) : void()), ...);
  return result;
}

}  // namespace

Errc wire_code(const std::error_code& code) noexcept {
  if (code.category() == protocol::error_category()) {
    return static_cast<Errc>(code.value());
  }
  if (code == std::errc::no_such_process) {
    return Errc::kNotFound;
  }
  if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted) {
    return Errc::kUnavailable;
  }
  if (code == std::errc::timed_out) {
    return Errc::kDeadlineExceeded;
  }
  if (code == std::errc::not_enough_memory) {
    return Errc::kOutOfMemory;
  }
  return Errc::kInternal;
}

bool send_error(commands::ReplyChannel& channel, std::uint32_t request_id,
                const Error& error) noexcept {
  try {
    return channel.send(protocol::encode_message(
        protocol::Header{.version = protocol::kMinVersion,
                         .flags = protocol::kFinal,
                         .type = protocol::ErrorReply::kType,
                         .request_id = request_id,
                         .payload_bytes = 0},
        protocol::ErrorReply{
            .code = wire_code(error.code), .text = error.message(), .hint = error.hint}));
  } catch (const std::exception&) {
    return false;  // No memory even for this; the session closes the connection.
  }
}

Outcome dispatch(commands::AgentState& state, const protocol::Header& header,
                 std::span<const std::byte> payload, commands::ReplyChannel& channel,
                 Clock::time_point arrival) noexcept {
  Error failure;
  try {
    auto result = serve_any(std::type_identity<protocol::Catalog>{},
                            Request{state, header, payload, channel, arrival});
    if (result) {
      return Outcome::kAnswered;
    }
    failure = std::move(result).error();
  } catch (const std::bad_alloc&) {
    failure.code = make_error_code(Errc::kOutOfMemory);  // A text could throw again.
  } catch (const std::exception& thrown) {
    failure.code = make_error_code(Errc::kInternal);
    try {
      failure.context = thrown.what();
    } catch (const std::bad_alloc&) {
      failure.context.clear();
    }
  }
  send_error(channel, header.request_id, failure);
  return failure.code == make_error_code(Errc::kMalformedPayload) ? Outcome::kMalformed
                                                                  : Outcome::kFailed;
}

}  // namespace xgops::server
