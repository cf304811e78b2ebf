// SPDX-License-Identifier: MIT
// The error category "xgops": one plain sentence per value.
#include "xgops/protocol/errc.hpp"

#include <cstddef>
#include <new>
#include <string>

namespace xgops::protocol {
namespace {

const char* sentence(Errc errc) noexcept {
  switch (errc) {
    case Errc::kOk:
      return "no error";
    case Errc::kBadMagic:
      return "the peer does not speak the xgops protocol";
    case Errc::kUnsupportedVersion:
      return "no protocol version in common";
    case Errc::kBadHeader:
      return "a message header has undefined bits";
    case Errc::kPayloadTooLarge:
      return "a message is larger than the protocol allows";
    case Errc::kMalformedPayload:
      return "a message does not have the layout of its type";
    case Errc::kUnknownMessage:
      return "the agent does not know this kind of message";
    case Errc::kHelloRequired:
      return "the connection did not begin with a hello";
    case Errc::kDeadlineExceeded:
      return "the answer was not ready in time";
    case Errc::kOutOfMemory:
      return "not enough memory";
    case Errc::kBusy:
      return "the agent serves too many clients already";
    case Errc::kPermissionDenied:
      return "the agent does not answer this user";
    case Errc::kNotFound:
      return "the process has no such thread or task";
    case Errc::kInternal:
      return "a bug in the agent";
    case Errc::kUnavailable:
      return "the system of the process does not allow it";
    case Errc::kTruncated:
      return "the peer closed the connection in the middle of a message";
    case Errc::kUnexpectedMessage:
      return "a reply that belongs to no request";
  }
  return nullptr;
}

class ErrorCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "xgops"; }

  [[nodiscard]] std::string message(int value) const override {
    const char* const known = sentence(static_cast<Errc>(value));
    // A newer peer may report values that this build has never heard of.
    return known != nullptr ? known : "unknown error " + std::to_string(value);
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  // Not a global and never destroyed: errors are made and compared while the host's static objects
  // come and go, and a preloaded agent must not add a constructor to its host's start.
  alignas(ErrorCategory) static std::byte storage[sizeof(ErrorCategory)];
  static const std::error_category* const category = ::new (storage) ErrorCategory;
  return *category;
}

std::error_code make_error_code(Errc errc) noexcept {
  return {static_cast<int>(errc), error_category()};
}

}  // namespace xgops::protocol
