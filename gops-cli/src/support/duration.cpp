// SPDX-License-Identifier: MIT
// Durations and sizes as people write and read them. Integer arithmetic only: no locale, no stdio.
#include "support/duration.hpp"

#include "support/failure.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace xgops::cli {
namespace {

constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;

struct Unit {
  std::string_view name;
  double milliseconds;
};
constexpr std::array<Unit, 9> kUnits{{{"ms", 1},
                                      {"s", 1e3},
                                      {"", 1e3},
                                      {"sec", 1e3},
                                      {"m", 60e3},
                                      {"min", 60e3},
                                      {"h", 3600e3},
                                      {"d", 86400e3},
                                      {"us", 1e-3}}};

/// The number at the start of `text`, which is then without it. from_chars would also take "inf",
/// "nan", "1e9" and a minus sign.
std::optional<double> take_decimal(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() &&
         (std::isdigit(static_cast<unsigned char>(text[digits])) != 0 || text[digits] == '.')) {
    ++digits;
  }
  double number = 0;
  const char* const end = text.data() + digits;
  const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return number;
}

std::string two_digits(std::uint64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto usage = [&] {
    return failure(Failure::kUsage, "'" + std::string(text) + "' is not a duration",
                   "write it like 500ms, 1s, 1.5s or 2min");
  };
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  if (!number) {
    return usage();
  }
  for (const Unit& unit : kUnits) {
    if (unit.name == rest) {
      const double milliseconds = *number * unit.milliseconds;
      if (milliseconds > 86400e3) {
        return failure(Failure::kUsage, "'" + std::string(text) + "' is more than a day");
      }
      return std::chrono::milliseconds(std::lround(milliseconds));
    }
  }
  return usage();
}

Result<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kLetters = "KMGTPE";
  constexpr double kMost = 9.2e18;  // Also as a signed number.
  std::string_view unit = text;
  const auto number = take_decimal(unit);
  int power = unit.empty() || unit == "B" ? 0 : -1;
  if (power < 0) {
    const auto letter = static_cast<char>(std::toupper(static_cast<unsigned char>(unit.front())));
    const std::size_t found = kLetters.find(letter);
    const std::string_view rest = unit.substr(1);
    if (found != std::string_view::npos && (rest.empty() || rest == "B" || rest == "iB")) {
      power = static_cast<int>(found) + 1;
    }
  }
  const double bytes = number && power >= 0 ? std::ldexp(*number, 10 * power) : 0;
  if (bytes < 1 || bytes > kMost) {
    return failure(Failure::kUsage, "'" + std::string(text) + "' is not a size",
                   "write it like 512MiB or 2GiB");
  }
  return static_cast<std::uint64_t>(bytes);
}

std::string age_text(std::int64_t nanoseconds) {
  const auto age = static_cast<std::uint64_t>(nanoseconds < 0 ? 0 : nanoseconds);
  if (age < kMillisecond) {
    return "<1 ms";
  }
  if (age < kSecond) {
    return std::to_string(age / kMillisecond) + " ms";
  }
  if (age < kMinute) {
    return std::to_string(age / kSecond) + " s";
  }
  if (age < kHour) {
    return std::to_string(age / kMinute) + " min";
  }
  if (age < 2 * kDay) {
    return std::to_string(age / kHour) + " h";
  }
  return std::to_string(age / kDay) + " d";
}

std::string elapsed_text(std::uint64_t nanoseconds) {
  if (nanoseconds < kMillisecond) {
    return std::to_string((nanoseconds + kMicrosecond / 2) / kMicrosecond) + " us";
  }
  if (nanoseconds < kSecond) {
    return decimal_text(nanoseconds, kMillisecond, nanoseconds < 10 * kMillisecond ? 1 : 0) + " ms";
  }
  return decimal_text(nanoseconds, kSecond, nanoseconds < 10 * kSecond ? 1 : 0) + " s";
}

std::string uptime_text(std::uint64_t nanoseconds) {
  if (nanoseconds < kMinute) {
    return std::to_string(nanoseconds / kSecond) + "s";
  }
  if (nanoseconds < kHour) {
    return std::to_string(nanoseconds / kMinute) + "m " +
           two_digits(nanoseconds % kMinute / kSecond) + "s";
  }
  if (nanoseconds < kDay) {
    return std::to_string(nanoseconds / kHour) + "h " + two_digits(nanoseconds % kHour / kMinute) +
           "m";
  }
  return std::to_string(nanoseconds / kDay) + "d " + std::to_string(nanoseconds % kDay / kHour) +
         "h";
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kNames{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    return std::to_string(bytes) + " B";
  }
  std::size_t unit = 0;
  while (unit + 1 < kNames.size() && bytes >> (10 * (unit + 2)) != 0) {
    ++unit;
  }
  return decimal_text(bytes >> (10 * unit), 1024, 1) + " " + kNames.at(unit);
}

std::string decimal_text(std::uint64_t value, std::uint64_t scale, int digits) {
  std::uint64_t power = 1;
  for (int i = 0; i < digits; ++i) {
    power *= 10;
  }
  std::uint64_t whole = value / scale;
  // The remainder is below `scale`, so this cannot overflow for any scale we use.
  std::uint64_t fraction = (value % scale * power + scale / 2) / scale;
  if (fraction == power) {
    ++whole;
    fraction = 0;
  }
  std::string text = std::to_string(whole);
  if (digits > 0) {
    const std::string tail = std::to_string(fraction);
    text += '.';
    text.append(static_cast<std::size_t>(digits) - tail.size(), '0');
    text += tail;
  }
  return text;
}

}  // namespace xgops::cli
