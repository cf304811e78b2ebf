// SPDX-License-Identifier: MIT
// Takes an answer's messages and keeps them.
#pragma once

#include "commands/reply.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/error.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace xgops::test {

class RecordingChannel final : public commands::ReplyChannel {
 public:
  bool send(protocol::Bytes message) override {
    if (messages_.size() >= room) {
      return false;
    }
    messages_.push_back(std::move(message));
    return true;
  }
  bool cancelled() override { return is_cancelled; }

  [[nodiscard]] std::size_t size() const { return messages_.size(); }
  [[nodiscard]] protocol::Header header(std::size_t index) const {
    protocol::HeaderBytes bytes{};
    std::copy_n(messages_.at(index).begin(), bytes.size(), bytes.begin());
    return protocol::decode_header(bytes, protocol::kMaxReplyBytes).value();
  }
  /// The message as a `T`; nothing when it is none.
  template <class T>
  [[nodiscard]] std::optional<T> as(std::size_t index) const {
    auto decoded =
        protocol::decode<T>(std::span(messages_.at(index)).subspan(protocol::kHeaderBytes));
    return decoded ? std::optional<T>(std::move(*decoded)) : std::nullopt;
  }
  [[nodiscard]] std::optional<protocol::ErrorReply> error(std::size_t index) const {
    return header(index).type == protocol::MessageType::kError ? as<protocol::ErrorReply>(index)
                                                               : std::nullopt;
  }

  bool is_cancelled = false;
  std::size_t room = 1'000'000;  ///< Messages that it takes.

 private:
  std::vector<protocol::Bytes> messages_;
};

}  // namespace xgops::test
