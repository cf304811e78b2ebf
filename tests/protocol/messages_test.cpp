// SPDX-License-Identifier: MIT
// What holds for every message of the catalog: layout, round trip, and no harm from broken bytes.
#include "allocation_meter.hpp"
#include "fuzz_seeds.hpp"
#include "golden_file.hpp"
#include "message_cases.hpp"
#include "support/paths.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/errc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace xgops::test {

// Without it GoogleTest prints the object byte by byte.
void PrintTo(const MessageCase& message, std::ostream* out) {  // NOLINT: the name is GoogleTest's.
  *out << message.type_name;
}

namespace {

using protocol::Bytes;
using protocol::Errc;

std::string name_of_case(const testing::TestParamInfo<MessageCase>& info) {
  return info.param.name;
}

class MessageTest : public testing::TestWithParam<MessageCase> {};
INSTANTIATE_TEST_SUITE_P(Catalog, MessageTest, testing::ValuesIn(message_cases()), name_of_case);

/// What the fields of the header mean, then those of the payload behind it.
std::vector<AnnotatedField> fields_of_whole(const MessageCase& message) {
  const auto field = [](std::size_t offset, std::size_t size, std::string note) {
    return AnnotatedField{FieldKind::kNumber, offset, size, 0, 0, std::move(note)};
  };
  std::vector<AnnotatedField> fields{field(0, 4, "magic"),        field(4, 1, "version"),
                                     field(5, 1, "flags: final"), field(6, 2, "type"),
                                     field(8, 4, "request id"),   field(12, 4, "payload bytes")};
  for (AnnotatedField payload_field : message.annotation.fields()) {
    payload_field.offset += protocol::kHeaderBytes;
    fields.push_back(std::move(payload_field));
  }
  return fields;
}

TEST_P(MessageTest, SurvivesARoundTrip) {
  const auto again = GetParam().recode(GetParam().payload);
  const auto defaults_again = GetParam().recode(GetParam().default_payload);

  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, GetParam().payload);
  ASSERT_TRUE(defaults_again) << defaults_again.error().message();
  EXPECT_EQ(*defaults_again, GetParam().default_payload);
}

// Together with the test above: no member is lost on the way.
TEST_P(MessageTest, SerializesEveryMemberOfEveryStruct) {
  for (const auto& [name, shape] : GetParam().annotation.shapes()) {
    EXPECT_EQ(shape.wire_types.size(), shape.members) << "serialize of " << name;
  }
}

TEST_P(MessageTest, IsEncodedAsTheSpecificationSays) {
  EXPECT_EQ(GetParam().payload, GetParam().annotation.bytes());
}

TEST_P(MessageTest, HasItsGoldenBytes) {
  const auto path = golden_path(GetParam().name);
  const auto fields = fields_of_whole(GetParam());
  if (updating_golden_files()) {
    write_file(path, "# " + GetParam().type_name +
                         ": an example with header. Written by scripts/update-golden.\n" +
                         annotated_hex(GetParam().whole, fields));
  }

  const auto text = read_file(path);

  ASSERT_TRUE(text) << "no " << path << "; scripts/update-golden makes it";
  const auto golden = parse_hex(*text);
  EXPECT_TRUE(golden == GetParam().whole)
      << path << ": " << describe_difference(golden, GetParam().whole, fields);
}

TEST_P(MessageTest, IsRefusedWhenCutShortAnywhere) {
  const Bytes& payload = GetParam().payload;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    // A copy, so that a sanitizer sees a byte read beyond it.
    const Bytes part(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size));

    const auto result = GetParam().recode(part);

    ASSERT_FALSE(result) << "accepted " << size << " of " << payload.size() << " bytes";
    EXPECT_EQ(result.error().code, Errc::kMalformedPayload);
  }
}

TEST_P(MessageTest, IsRefusedWithBytesBehindIt) {
  Bytes payload = GetParam().payload;
  payload.push_back(std::byte{0});

  const auto result = GetParam().recode(payload);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kMalformedPayload);
}

TEST_P(MessageTest, IsRefusedOrUnderstoodWhateverAByteIsChangedTo) {
  for (std::size_t at = 0; at < GetParam().payload.size(); ++at) {
    for (const unsigned value : {0U, 1U, 2U, 0x7fU, 0x80U, 0xffU}) {
      Bytes payload = GetParam().payload;
      payload[at] = static_cast<std::byte>(value);

      const auto result = GetParam().recode(payload);

      if (result) {
        EXPECT_EQ(*result, payload) << "byte " << at << " = " << value;
      } else {
        EXPECT_EQ(result.error().code, Errc::kMalformedPayload) << "byte " << at << " = " << value;
      }
    }
  }
}

TEST_P(MessageTest, HasCurrentFuzzSeeds) {
  const auto folder = source_path("tests/fuzz/corpus") / GetParam().name;
  for (const auto& [name, contents] : fuzz_seeds().at(GetParam().name)) {
    if (updating_golden_files()) {
      write_file(folder / name, contents);
    }
    EXPECT_TRUE(read_file(folder / name) == contents)
        << folder / name << " is missing or stale; scripts/update-golden writes it";
  }
}

TEST(FuzzSeedsTest, AreCurrentForTheTargetsThatAreNoMessages) {
  for (const std::string target : {"header", "socket_name"}) {
    for (const auto& [name, contents] : fuzz_seeds().at(target)) {
      const auto path = source_path("tests/fuzz/corpus") / target / name;
      if (updating_golden_files()) {
        write_file(path, contents);
      }
      EXPECT_TRUE(read_file(path) == contents)
          << path << " is missing or stale; scripts/update-golden writes it";
    }
  }
}

/// Sets the bytes of `field` to `value`.
Bytes with_field(const Bytes& payload, const AnnotatedField& field, std::uint64_t value) {
  Bytes changed = payload;
  for (std::size_t i = 0; i < field.size; ++i) {
    changed[field.offset + i] = static_cast<std::byte>((value >> (8 * i)) & 0xffU);
  }
  return changed;
}

TEST(HostileMessageTest, ACountBeyondThePayloadIsRefusedBeforeAnythingIsAllocatedForIt) {
  std::size_t checked = 0;
  for (const MessageCase& message : message_cases()) {
    for (const AnnotatedField& field : message.annotation.fields()) {
      if (field.kind != FieldKind::kCount) {
        continue;
      }
      const std::uint64_t left = message.payload.size() - field.offset - field.size;
      for (const std::uint64_t count : {std::uint64_t{0xffff'ffff}, std::uint64_t{0x8000'0000},
                                        std::uint64_t{0x1000'0000}, left + 1}) {
        const Bytes payload = with_field(message.payload, field, count);
        const AllocationMeter meter;

        const auto result = message.recode(payload);

        EXPECT_FALSE(result) << message.name << ", " << field.note << " -> " << count;
        EXPECT_LE(meter.bytes(), 8 * payload.size() + 1024)
            << message.name << ", " << field.note << " -> " << count;
        ++checked;
      }
    }
  }
  EXPECT_GE(checked, 4U * 30U);  // The samples have so many counts.
}

TEST(HostileMessageTest, ABooleanIsZeroOrOne) {
  std::size_t checked = 0;
  for (const MessageCase& message : message_cases()) {
    for (const AnnotatedField& field : message.annotation.fields()) {
      if (field.kind == FieldKind::kBoolean) {
        EXPECT_FALSE(message.recode(with_field(message.payload, field, 2)))
            << message.name << ", " << field.note;
        EXPECT_TRUE(message.recode(with_field(message.payload, field, 0)))
            << message.name << ", " << field.note;
        ++checked;
      }
    }
  }
  EXPECT_GE(checked, 15U);
}

TEST(HostileMessageTest, AnEnumeratorIsDefinedWhereTheEnumerationIsClosed) {
  std::set<bool> seen;
  for (const MessageCase& message : message_cases()) {
    for (const AnnotatedField& field : message.annotation.fields()) {
      if (field.kind != FieldKind::kEnumerator) {
        continue;
      }
      const bool is_closed = field.last_value != 0;
      EXPECT_TRUE(message.recode(with_field(message.payload, field, field.last_value)))
          << message.name << ", " << field.note;
      EXPECT_EQ(
          message.recode(with_field(message.payload, field, field.last_value + 1)).has_value(),
          !is_closed)
          << message.name << ", " << field.note;
      EXPECT_EQ(message.recode(with_field(message.payload, field, 0xff)).has_value(), !is_closed)
          << message.name << ", " << field.note;
      seen.insert(is_closed);
    }
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST(HostileMessageTest, TheLargestReplyDecodesWithinItsStatedMemory) {
  // The worst ratio that a payload can have: texts of four bytes each on the wire, all empty.
  using Response = protocol::ProcessInfo::Response;
  Response response;
  response.arguments.resize(protocol::kMaxReplyBytes / sizeof(std::uint32_t) - 64);
  const Bytes payload = protocol::encode(response);
  ASSERT_LE(payload.size(), protocol::kMaxReplyBytes);
  const AllocationMeter meter;

  const auto result = protocol::decode<Response>(payload);

  const std::size_t allocated = meter.bytes();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->arguments.size(), response.arguments.size());
  EXPECT_LE(allocated, 8 * payload.size() + 1024);
}

}  // namespace
}  // namespace xgops::test
