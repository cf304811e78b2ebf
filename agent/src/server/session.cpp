// SPDX-License-Identifier: MIT
// Hello first, versions, sizes; then the dispatcher.
#include "server/session.hpp"

#include "commands/hello.hpp"
#include "server/dispatcher.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/errc.hpp"
#include "xgops/protocol/messages/hello.hpp"

#include <chrono>
#include <new>
#include <string>
#include <utility>

namespace xgops::server {
namespace {

using protocol::Errc;
using protocol::MessageType;

}  // namespace

bool Session::begin(const protocol::HeaderBytes& bytes) noexcept {
  header_ = {};
  try {
    const auto header = protocol::decode_header(bytes, protocol::kMaxRequestBytes);
    if (!header) {
      send_error(outbox_, 0, header.error());
      return false;
    }
    header_ = header.value();
  } catch (const std::bad_alloc&) {
    return refuse(Errc::kOutOfMemory);
  }
  const bool is_hello = header_.type == MessageType::kHello;
  const bool is_known = header_.version >= protocol::kMinVersion &&
                        header_.version <= (is_hello ? 1 : protocol::kMaxVersion);
  if (!is_known) {
    return refuse(Errc::kUnsupportedVersion, "header",
                  "the client and the agent are too far apart");
  }
  if (header_.flags != protocol::kFinal) {
    return refuse(Errc::kBadHeader, "a request is one message, marked final");
  }
  if (!is_hello && !greeted_) {
    return refuse(Errc::kHelloRequired);
  }
  return true;
}

bool Session::serve(std::span<const std::byte> payload) noexcept {
  const auto arrival = std::chrono::steady_clock::now();
  const Outcome outcome = dispatch(state_, header_, payload, outbox_, arrival);
  if (outbox_.broken() || outcome == Outcome::kMalformed) {
    return false;
  }
  if (header_.type == MessageType::kHello) {
    const auto hello = protocol::decode<protocol::Hello::Request>(payload);
    greeted_ = outcome == Outcome::kAnswered && hello &&
               commands::common_version(hello.value()).has_value();
    return greeted_;
  }
  if (outcome == Outcome::kAnswered) {
    ++state_.counters.requests_served;
  }
  return true;
}

bool Session::refuse(Errc code, const char* context, const char* hint) noexcept {
  try {
    send_error(outbox_, header_.request_id, Error{make_error_code(code), context, hint});
  } catch (const std::bad_alloc&) {
    // The connection ends without a message.
  }
  return false;
}

}  // namespace xgops::server
