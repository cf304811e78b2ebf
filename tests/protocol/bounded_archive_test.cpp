// SPDX-License-Identifier: MIT
// Tests of the archives with types that no message has (yet).
#include "bounded_archive.hpp"

#include "allocation_meter.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace xgops::protocol {
namespace {

enum class Closed : std::uint16_t { kFirst = 0, kSecond, kLast = kSecond };
enum class Open : std::uint8_t { kOnly = 1 };

struct Inner {
  std::int64_t number = 0;
  std::vector<std::vector<std::uint8_t>> lists;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, lists);
  }
};

struct Everything {
  bool flag = false;
  Closed closed = Closed::kFirst;
  Open open = Open::kOnly;
  std::array<std::int16_t, 3> numbers{};
  std::string text = "a default";
  std::vector<std::string> texts;
  std::vector<Inner> inner;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(flag, closed, open, numbers, text, texts, inner);
  }
};

Everything example() {
  Everything message;
  message.flag = true;
  message.closed = Closed::kSecond;
  message.open = static_cast<Open>(0xee);
  message.numbers = {-1, 0, std::numeric_limits<std::int16_t>::min()};
  message.text = std::string("zero \0 and \xff", 12);
  message.texts = {"", "one"};
  message.inner.resize(2);
  message.inner[1].number = std::numeric_limits<std::int64_t>::min();
  message.inner[1].lists = {{}, {1, 2, 3}};
  return message;
}

std::vector<std::byte> written(const Everything& message) {
  std::vector<std::byte> bytes;
  OutputArchive archive(bytes);
  archive(message);
  return bytes;
}

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) {
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

TEST(BoundedArchiveTest, ReadsWhatWasWritten) {
  const auto bytes = written(example());
  BoundedInputArchive archive(bytes);
  Everything message;

  archive(message);

  ASSERT_TRUE(archive.ok()) << archive.problem();
  EXPECT_EQ(archive.bytes_left(), 0U);
  EXPECT_TRUE(message.flag);
  EXPECT_EQ(message.closed, Closed::kSecond);
  EXPECT_EQ(message.open, static_cast<Open>(0xee));
  EXPECT_EQ(message.numbers, example().numbers);
  EXPECT_EQ(message.text, example().text);
  EXPECT_EQ(message.texts, example().texts);
  ASSERT_EQ(message.inner.size(), 2U);
  EXPECT_EQ(message.inner[1].number, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(message.inner[1].lists, example().inner[1].lists);
}

TEST(BoundedArchiveTest, NineBytesThatClaimFourBillionTextsAllocateNothing) {
  const auto bytes = bytes_of({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0});
  BoundedInputArchive archive(bytes);
  std::vector<std::string> texts;
  const test::AllocationMeter meter;

  archive(texts);

  EXPECT_EQ(meter.bytes(), 0U);
  EXPECT_FALSE(archive.ok());
  EXPECT_EQ(archive.position(), 0U);
  EXPECT_TRUE(texts.empty());
}

TEST(BoundedArchiveTest, BelievesACountUpToWhatTheElementsNeedAtLeast) {
  // Two texts need eight bytes at least, three need twelve.
  const auto two = bytes_of({2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const auto three = bytes_of({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  std::vector<std::string> texts;

  BoundedInputArchive archive_of_two(two);
  archive_of_two(texts);
  EXPECT_TRUE(archive_of_two.ok());
  EXPECT_EQ(texts.size(), 2U);

  BoundedInputArchive archive_of_three(three);
  archive_of_three(texts);
  EXPECT_FALSE(archive_of_three.ok());
  EXPECT_TRUE(texts.empty());
}

TEST(BoundedArchiveTest, ReadsNoByteBeyondTheEnd) {
  // The archive is given all but the last byte.
  const auto bytes = bytes_of({1, 2, 3, 4});
  BoundedInputArchive archive(std::span<const std::byte>(bytes).first(3));
  std::uint32_t number = 9;

  archive(number);

  EXPECT_EQ(number, 0U);
  EXPECT_STREQ(archive.problem(), "ends in the middle of a field");
  EXPECT_EQ(archive.position(), 0U);
  EXPECT_EQ(archive.bytes_left(), 3U);
}

TEST(BoundedArchiveTest, ReadsZeroesAfterAProblemAndKeepsTheFirst) {
  const auto bytes = bytes_of({2, 7, 7, 7, 7});
  BoundedInputArchive archive(bytes);
  bool flag = true;
  std::uint32_t number = 1;
  std::string text = "before";

  archive(flag);
  const std::string problem = archive.problem();
  archive(number, text);

  EXPECT_FALSE(flag);
  EXPECT_EQ(number, 0U);
  EXPECT_EQ(text, "");
  EXPECT_EQ(archive.problem(), problem);
  EXPECT_EQ(archive.position(), 1U);
}

TEST(BoundedArchiveTest, NeverStoresAnUndefinedEnumerator) {
  const auto bytes = bytes_of({2, 0});
  BoundedInputArchive archive(bytes);
  Closed value = Closed::kSecond;

  archive(value);

  EXPECT_FALSE(archive.ok());
  EXPECT_EQ(value, Closed::kSecond);
}

TEST(WireTypesTest, TheLeastSizeCountsContainersAsEmpty) {
  EXPECT_EQ(minimum_bytes<Inner>(), 8U + 4U);
  // flag, closed, open, numbers, text (whatever its default), texts, inner
  EXPECT_EQ(minimum_bytes<Everything>(), 1U + 2U + 1U + 6U + 4U + 4U + 4U);
}

TEST(WireTypesTest, AnEnumerationThatNamesItsLastValueIsClosed) {
  static_assert(ClosedEnum<Closed> && !ClosedEnum<Open>);
  EXPECT_EQ(last_value<Closed>(), 1U);
  EXPECT_EQ(last_value<Open>(), 0xffU);
}

TEST(LittleEndianTest, KeepsEveryBit) {
  std::array<std::byte, 8> bytes{};

  store_little_endian(std::int64_t{-2}, bytes.data());
  EXPECT_EQ(load_little_endian<std::int64_t>(bytes.data()), -2);
  EXPECT_EQ(load_little_endian<std::uint16_t>(bytes.data()), 0xfffe);
  EXPECT_EQ(load_little_endian<std::int8_t>(bytes.data()), -2);

  store_little_endian(std::uint32_t{0x0102'0304}, bytes.data());
  EXPECT_EQ(bytes[0], std::byte{4});
  EXPECT_EQ(bytes[3], std::byte{1});
  EXPECT_EQ(bytes[4], std::byte{0xff});  // Not ours to touch.
}

}  // namespace
}  // namespace xgops::protocol
