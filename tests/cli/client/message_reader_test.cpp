// SPDX-License-Identifier: MIT
// A stream of bytes cut into messages.
#include "client/message_reader.hpp"

#include "xgops/protocol/messages/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xgops::cli {
namespace {

protocol::Bytes message(std::uint32_t id, const std::string& text) {
  protocol::Header header;
  header.request_id = id;
  return protocol::encode_message(header, protocol::ErrorReply{protocol::Errc::kBusy, text, ""});
}

TEST(MessageReaderTest, YieldsMessagesWhateverTheirPieces) {
  protocol::Bytes stream = message(1, "one");
  const protocol::Bytes second = message(2, std::string(1000, 'x'));
  stream.insert(stream.end(), second.begin(), second.end());

  for (std::size_t piece = 1; piece <= stream.size(); piece += 7) {
    MessageReader reader;
    std::vector<std::uint32_t> ids;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.feed(std::span(stream).subspan(at, std::min(piece, stream.size() - at)));
      for (auto next = reader.next(); next && next->has_value(); next = reader.next()) {
        EXPECT_EQ((*next)->payload.size(), (*next)->header.payload_bytes);
        ids.push_back((*next)->header.request_id);
      }
    }
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 2})) << piece;
    EXPECT_FALSE(reader.in_message());
  }
}

TEST(MessageReaderTest, RefusesAClaimAboveTheLimitBeforeThePayloadComes) {
  protocol::Header header;
  header.payload_bytes = protocol::kMaxReplyBytes + 1;
  MessageReader reader;

  reader.feed(protocol::encode_header(header));

  const auto next = reader.next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, protocol::Errc::kPayloadTooLarge);
}

TEST(MessageReaderTest, RefusesBytesThatAreNoMessage) {
  MessageReader reader;

  reader.feed(protocol::Bytes(protocol::kHeaderBytes, std::byte{'G'}));

  EXPECT_FALSE(reader.next());
}

TEST(MessageReaderTest, KnowsThatAMessageIsIncomplete) {
  MessageReader reader;

  const protocol::Bytes whole = message(1, "text");
  reader.feed(std::span(whole).first(protocol::kHeaderBytes + 1));

  EXPECT_FALSE(reader.next()->has_value());
  EXPECT_TRUE(reader.in_message());
}

}  // namespace
}  // namespace xgops::cli
