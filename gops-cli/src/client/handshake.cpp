// SPDX-License-Identifier: MIT
// What to send first, how to judge what comes.
#include "client/handshake.hpp"

#include "support/duration.hpp"
#include "support/failure.hpp"
#include "xgops/protocol/messages/error.hpp"
#include "xgops/version.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace xgops::cli {
namespace {

/// For "agent 0.3 has no task dump (needs 0.4)". One line a message of the catalog.
struct Capability {
  protocol::MessageType type;
  std::string_view name;
  std::string_view since;
};
constexpr std::array<Capability, 8> kCapabilities{{
    {protocol::MessageType::kProcessInfo, "process information", "0.1"},
    {protocol::MessageType::kVitals, "vitals", "0.1"},
    {protocol::MessageType::kThreads, "thread list", "0.1"},
    {protocol::MessageType::kStacks, "stack dump", "0.1"},
    {protocol::MessageType::kTasks, "task list", "0.1"},
    {protocol::MessageType::kPending, "pending operations", "0.1"},
    {protocol::MessageType::kWaits, "wait graph", "0.1"},
    {protocol::MessageType::kProof, "proofs", "0.1"},
}};

std::string version_range(std::uint16_t min, std::uint16_t max) {
  return min == max ? std::to_string(min) : std::to_string(min) + " to " + std::to_string(max);
}

Error no_common_version(const protocol::Hello::Response& hello) {
  return failure(
      Failure::kIncompatible,
      "agent " + hello.agent_version + " speaks protocol " +
          version_range(hello.min_version, hello.max_version) + ", this xgops (" + kVersion +
          ") speaks " + version_range(protocol::kMinVersion, protocol::kMaxVersion),
      hello.min_version > protocol::kMaxVersion
          ? "update xgops to the agent's version or later"
          : "restart the program with a newer agent, or use an xgops of the agent's version");
}

Error agent_error(const RawMessage& message) {
  auto reply = protocol::decode<protocol::ErrorReply>(message.payload);
  if (!reply) {
    return bad_answer(reply.error().message());
  }
  return Error{make_error_code(reply->code), std::move(reply->text), std::move(reply->hint)};
}

}  // namespace

protocol::Bytes hello_request(std::uint32_t request_id) {
  protocol::Header header;
  header.type = protocol::MessageType::kHello;
  header.request_id = request_id;
  protocol::Hello::Request request;
  request.client_version = kVersion;
  return protocol::encode_message(header, request);
}

Result<void> read_hello(const RawMessage& message, std::uint32_t request_id,
                        protocol::Hello::Response& hello) {
  if (auto checked = check_reply(message, protocol::MessageType::kHello, request_id); !checked) {
    return checked;
  }
  if ((message.header.flags & protocol::kFinal) == 0) {
    return bad_answer("a Hello of several messages");
  }
  auto decoded = protocol::decode<protocol::Hello::Response>(message.payload);
  if (!decoded) {
    return bad_answer(decoded.error().message());
  }
  hello = *std::move(decoded);
  if (hello.status == protocol::HelloStatus::kNoCommonVersion ||
      hello.version < protocol::kMinVersion || hello.version > protocol::kMaxVersion) {
    return no_common_version(hello);
  }
  return {};
}

Result<void> check_reply(const RawMessage& message, protocol::MessageType type,
                         std::uint32_t request_id) {
  const protocol::Header& header = message.header;
  if (header.type == protocol::MessageType::kError &&
      (header.request_id == request_id || header.request_id == 0)) {
    return agent_error(message);
  }
  if (header.type != type || header.request_id != request_id) {
    return bad_answer("a message of type " + std::to_string(static_cast<unsigned>(header.type)) +
                      " that was not asked for");
  }
  return {};
}

bool has_capability(const protocol::Hello::Response& hello, protocol::MessageType type) {
  const auto& known = hello.capabilities;
  return std::find(known.begin(), known.end(), static_cast<std::uint16_t>(type)) != known.end();
}

Result<void> check_capability(const protocol::Hello::Response& hello, protocol::MessageType type) {
  if (has_capability(hello, type)) {
    return {};
  }
  for (const Capability& capability : kCapabilities) {
    if (capability.type == type) {
      return failure(Failure::kIncompatible,
                     "agent " + hello.agent_version + " has no " + std::string(capability.name) +
                         " (needs " + std::string(capability.since) + ")",
                     "restart the program with a newer agent");
    }
  }
  return bad_answer("no capability " + std::to_string(static_cast<unsigned>(type)));
}

Error no_answer(const Deadline& deadline) {
  const auto nanoseconds = std::chrono::nanoseconds(deadline.length()).count();
  return failure(Failure::kNoAnswer, "the agent did not answer within " + age_text(nanoseconds));
}

Error bad_answer(const std::string& why) {
  return failure(Failure::kBadAnswer, "the answer is not from a working xgops agent: " + why,
                 "if it is one, please report this with both versions");
}

}  // namespace xgops::cli
