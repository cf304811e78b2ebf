// SPDX-License-Identifier: MIT
// Tests of encode and decode against bytes that were written down by hand.
#include "xgops/protocol/codec.hpp"

#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/errc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace xgops::protocol {
namespace {

Bytes bytes_of(std::string_view text) {
  Bytes bytes(text.size());
  std::transform(text.begin(), text.end(), bytes.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

using namespace std::string_view_literals;

TEST(CodecTest, WritesNumbersLittleEndian) {
  Threads::Request request;
  request.tid = -2;
  request.deadline_ms = 0x0102'0304;

  EXPECT_EQ(encode(request), bytes_of("\xfe\xff\xff\xff\x04\x03\x02\x01"sv));
}

TEST(CodecTest, ReadsEveryFieldIntoItsMember) {
  const auto reply = decode<ErrorReply>(bytes_of("\x0c\0\x05\0\0\0tid 7\x04\0\0\0help"sv));

  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->code, Errc::kNotFound);
  EXPECT_EQ(reply->text, "tid 7");
  EXPECT_EQ(reply->hint, "help");
}

TEST(CodecTest, ReadsListsOfStructs) {
  const auto response =
      decode<Stacks::Response>(bytes_of("\0\0\0\0"                              // no modules
                                        "\x01\0\0\0"                            // one stack:
                                        "\x07\0\0\0\x01"                        //   id 7, truncated
                                        "\x02\0\0\0"                            //   two frames
                                        "\x88\x77\x66\x55\x44\x33\x22\x11\x02"  //
                                        "\xff\xff\xff\xff\xff\xff\xff\xff\0"    //
                                        "\0\0\0\0"                              // no threads
                                        "\x05\0\0\0\x01"  // dropped, truncated
                                        "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0"sv));  // cost

  ASSERT_TRUE(response) << response.error().message();
  EXPECT_TRUE(response->modules.empty());
  ASSERT_EQ(response->stacks.size(), 1U);
  EXPECT_EQ(response->stacks[0].id, 7U);
  EXPECT_TRUE(response->stacks[0].truncated);
  ASSERT_EQ(response->stacks[0].frames.size(), 2U);
  EXPECT_EQ(response->stacks[0].frames[0].instruction_pointer, 0x1122'3344'5566'7788U);
  EXPECT_EQ(response->stacks[0].frames[0].flags, kInferred);
  EXPECT_EQ(response->stacks[0].frames[1].instruction_pointer, ~std::uint64_t{0});
  EXPECT_EQ(response->dropped, 5U);
  EXPECT_TRUE(response->truncated);
  EXPECT_EQ(response->cost.cpu_ns, 2U);
  EXPECT_EQ(response->cost.interrupted, 3U);
}

TEST(CodecTest, LetsErrorCodesOfNewerPeersThrough) {
  const auto reply = decode<ErrorReply>(bytes_of("\xff\xff\0\0\0\0\0\0\0\0"sv));

  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(static_cast<unsigned>(reply->code), 0xffffU);
}

TEST(CodecTest, SaysWhatIsWrongWhere) {
  const auto short_one = decode<Threads::Request>(bytes_of("\1\0\0\0\2\0"sv));
  const auto long_one = decode<Threads::Request>(bytes_of("\1\0\0\0\2\0\0\0\0"sv));
  const auto count = decode<ErrorReply>(bytes_of("\1\0\xff\xff\xff\xff"sv));

  ASSERT_FALSE(short_one);
  EXPECT_EQ(short_one.error().context, "payload of 6 bytes ends in the middle of a field (byte 4)");
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().context, "payload of 9 bytes goes on after the last field (byte 8)");
  ASSERT_FALSE(count);
  EXPECT_EQ(
      count.error().context,
      "payload of 6 bytes has a count of more elements than there are bytes left for (byte 2)");
}

TEST(CodecTest, PutsTheHeaderInFrontOfThePayload) {
  Threads::Request request;
  request.tid = 1;
  const Header header{.version = 1,
                      .flags = kFinal,
                      .type = Threads::kType,
                      .request_id = 9,
                      .payload_bytes = 12345};  // Replaced by the real size.

  EXPECT_EQ(encode_message(header, request),
            bytes_of("XGOP\1\1\5\0\x09\0\0\0\x08\0\0\0\1\0\0\0\0\0\0\0"sv));
}

TEST(CodecTest, NeedsNoBytesForAnEmptyRequest) {
  EXPECT_TRUE(encode(Vitals::Request{}).empty());
  EXPECT_TRUE(decode<Vitals::Request>({}));
  EXPECT_FALSE(decode<Vitals::Request>(bytes_of("\0"sv)));
}

}  // namespace
}  // namespace xgops::protocol
