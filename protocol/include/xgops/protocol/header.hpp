// SPDX-License-Identifier: MIT
// The fixed 16-byte header that precedes every payload, and the limits of the protocol.
#pragma once

#include "xgops/result.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::protocol {

/// First four bytes of every message: the characters "XGOP".
inline constexpr std::array<std::uint8_t, 4> kMagic{'X', 'G', 'O', 'P'};

/// Protocol versions that this build speaks. `Hello` settles on the highest common one.
inline constexpr std::uint16_t kMinVersion = 1;
inline constexpr std::uint16_t kMaxVersion = 1;

/// Bytes of an encoded `Header`.
inline constexpr std::size_t kHeaderBytes = 16;
/// Largest payload of a request, in bytes. A claim above it ends the connection.
inline constexpr std::uint32_t kMaxRequestBytes = 4 * 1024;
/// Largest payload of one reply message, in bytes. Longer answers are streamed.
inline constexpr std::uint32_t kMaxReplyBytes = 1024 * 1024;
/// An agent closes a reply message once its payload reaches this many bytes.
inline constexpr std::uint32_t kReplyChunkBytes = 128 * 1024;
/// Most messages in one streamed answer. A client gives up beyond it.
inline constexpr std::uint32_t kMaxReplyMessages = 65536;
/// Most connections an agent serves at a time; further clients get `Errc::kBusy`.
inline constexpr std::size_t kMaxConnections = 32;
/// Default and largest deadline of one request.
inline constexpr std::chrono::milliseconds kDefaultDeadline{5'000};
inline constexpr std::chrono::milliseconds kMaxDeadline{60'000};
/// A connected client that sends nothing for this long is disconnected.
inline constexpr std::chrono::seconds kIdleTimeout{30};
/// A client that does not take an answer for this long is disconnected.
inline constexpr std::chrono::seconds kSendTimeout{10};
/// Most frames of one stack, and how many a client gets that does not say.
inline constexpr std::uint32_t kMaxFrames = 1024;
inline constexpr std::uint32_t kDefaultFrames = 256;
/// Most ids that a group of tasks names; an agent leaves out the others.
inline constexpr std::uint32_t kMaxGroupIds = 8;
/// Most epoll descriptors that a request may name.
inline constexpr std::uint32_t kMaxEventPolls = 512;
/// Most bytes of a program's arguments in all; an agent leaves out what is beyond them.
inline constexpr std::uint32_t kMaxArgumentBytes = 4 * 1024;
/// Most bytes of a module's build id; an agent sends none of a longer one.
inline constexpr std::uint32_t kMaxBuildIdBytes = 64;
/// How much memory of a target a proof looks through unless told otherwise.
inline constexpr std::uint64_t kDefaultProofBytes = 1'073'741'824;

/// Message types. Values are never reused. A request and its reply have the same type.
enum class MessageType : std::uint16_t {
  kError = 1,  ///< Reply only: see messages/error.hpp.
  kHello = 2,
  kProcessInfo = 3,
  kVitals = 4,
  kThreads = 5,
  kStacks = 6,
  kTasks = 7,
  kPending = 8,
  kWaits = 9,
  kProof = 10,
  kTestReport = 11,  ///< In files only: see test_report.hpp.
};

/// Bits of `Header::flags`.
enum HeaderFlags : std::uint8_t {
  kNoFlags = 0,
  kFinal = 1,  ///< The last message of an answer. Requests carry it too.
};

/// The part of a message that never changes.
struct Header {
  std::uint8_t version = 1;     ///< Protocol version of the payload; 1 in every `Hello`.
  std::uint8_t flags = kFinal;  ///< `HeaderFlags`; other bits are zero.
  MessageType type = MessageType::kError;
  std::uint32_t request_id = 0;  ///< Chosen by the client, echoed in every message of the answer.
  std::uint32_t payload_bytes = 0;  ///< Size of what follows, a claim until checked.

  friend bool operator==(const Header&, const Header&) = default;
};

using HeaderBytes = std::array<std::byte, kHeaderBytes>;

/// The wire form of `header`: magic, version, flags, type, request id, payload size, little-endian.
[[nodiscard]] HeaderBytes encode_header(const Header& header) noexcept;

/// Reads a header that claims at most `max_payload_bytes`.
///
/// Errors: `Errc::kBadMagic`, `Errc::kUnsupportedVersion` (version 0), `Errc::kBadHeader`
/// (undefined flag bits), `Errc::kPayloadTooLarge`. An unknown message type is not an error here:
/// the dispatcher answers it.
[[nodiscard]] Result<Header> decode_header(std::span<const std::byte, kHeaderBytes> bytes,
                                           std::uint32_t max_payload_bytes);

}  // namespace xgops::protocol
