// SPDX-License-Identifier: MIT
// Durations and sizes as people write and read them.
#include "support/duration.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace xgops::cli {
namespace {

using std::chrono::milliseconds;

TEST(ParseDurationTest, KnowsUnitsAndFractions) {
  const std::pair<const char*, int> cases[] = {
      {"250ms", 250},     {"1s", 1000},      {"1.5s", 1500},  {"2", 2000},
      {".5s", 500},       {"2min", 120'000}, {"3m", 180'000}, {"1h", 3'600'000},
      {"1d", 86'400'000}, {"1500us", 2},     {"0s", 0}};
  for (const auto& [text, expected] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, milliseconds(expected)) << text;
  }
}

TEST(ParseDurationTest, RefusesAnythingElse) {
  for (const char* text : {"", "s", "-1s", "1 s", "1x", "inf", "nan", "1e3s", "1..2s", "0x10", "2d",
                           "99999999999999999999s", "+1s", "1s "}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ParseSizeTest, KnowsUnitsAndFractions) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"4096", 4096},
                                                         {"1B", 1},
                                                         {"2k", 2048},
                                                         {"512MiB", std::uint64_t{512} << 20},
                                                         {"1.5G", std::uint64_t{1536} << 20},
                                                         {"2gb", 0},
                                                         {"3gB", std::uint64_t{3} << 30},
                                                         {"1TiB", std::uint64_t{1} << 40}};
  for (const auto& [text, expected] : cases) {
    const auto parsed = parse_size(text);
    ASSERT_EQ(static_cast<bool>(parsed), expected != 0) << text;
    EXPECT_EQ(parsed ? *parsed : 0, expected) << text;
  }
}

TEST(ParseSizeTest, RefusesAnythingElse) {
  for (const char* text : {"", "M", "-1M", "1 M", "1x", "0", "0.1", "inf", "1e9", "8E",
                           "9999999999P", "1MiBs", "1iB", "1KB2"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(AgeTextTest, UsesTheLargestUnit) {
  EXPECT_EQ(age_text(-5), "<1 ms");
  EXPECT_EQ(age_text(999'999), "<1 ms");
  EXPECT_EQ(age_text(12'900'000), "12 ms");
  EXPECT_EQ(age_text(59'999'999'999), "59 s");
  EXPECT_EQ(age_text(185'000'000'000), "3 min");
  EXPECT_EQ(age_text(47LL * 3600 * 1'000'000'000), "47 h");
  EXPECT_EQ(age_text(49LL * 3600 * 1'000'000'000), "2 d");
}

TEST(ElapsedTextTest, KeepsTwoDigitsWhereTheyHelp) {
  EXPECT_EQ(elapsed_text(0), "0 us");
  EXPECT_EQ(elapsed_text(840'400), "840 us");
  EXPECT_EQ(elapsed_text(3'140'000), "3.1 ms");
  EXPECT_EQ(elapsed_text(12'400'000), "12 ms");
  EXPECT_EQ(elapsed_text(1'240'000'000), "1.2 s");
  EXPECT_EQ(elapsed_text(61'000'000'000), "61 s");
}

TEST(UptimeTextTest, UsesTwoUnits) {
  EXPECT_EQ(uptime_text(42'900'000'000), "42s");
  EXPECT_EQ(uptime_text(192'000'000'000), "3m 12s");
  EXPECT_EQ(uptime_text(3'900'000'000'000), "1h 05m");
  EXPECT_EQ(uptime_text(183'600'000'000'000), "2d 3h");
}

TEST(SizeTextTest, UsesBinaryUnits) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(12'897'485), "12.3 MiB");
  EXPECT_EQ(size_text(0xffffffffffffffff), "16.0 EiB");
}

TEST(DecimalTextTest, RoundsToNearest) {
  EXPECT_EQ(decimal_text(1520, 1000, 2), "1.52");
  EXPECT_EQ(decimal_text(40, 1000, 2), "0.04");
  EXPECT_EQ(decimal_text(1999, 1000, 1), "2.0");
  EXPECT_EQ(decimal_text(1499, 1000, 0), "1");
  EXPECT_EQ(decimal_text(1500, 1000, 0), "2");
}

}  // namespace
}  // namespace xgops::cli
