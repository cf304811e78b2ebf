// SPDX-License-Identifier: MIT
// One line of a dump, taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgops::cli {

/// `xgops-dump PID.N SEQUENCE kind key=value word ...`. Refers to the text that it was made from.
class DumpLine {
 public:
  /// Nothing when the line has no such part. What stands before it is somebody else's output.
  static std::optional<DumpLine> parse(std::string_view line);

  [[nodiscard]] std::string_view id() const noexcept { return id_; }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] std::string_view kind() const noexcept { return kind_; }
  /// Words without a key.
  [[nodiscard]] const std::vector<std::string_view>& words() const noexcept { return words_; }

  [[nodiscard]] bool has(std::string_view key) const noexcept { return find(key) != nullptr; }
  /// Decoded; "" when it is missing.
  [[nodiscard]] std::string text(std::string_view key) const;
  /// Decimal, or hexadecimal with 0x. Nothing when it is missing, no number, or too large.
  template <class Integer>
  [[nodiscard]] std::optional<Integer> number(std::string_view key) const {
    const std::string_view* const value = find(key);
    return value == nullptr ? std::nullopt : number_in<Integer>(*value);
  }
  template <class Integer>
  [[nodiscard]] Integer number_or(std::string_view key, Integer otherwise) const {
    return number<Integer>(key).value_or(otherwise);
  }

 private:
  template <class Integer>
  static std::optional<Integer> number_in(std::string_view text);
  [[nodiscard]] const std::string_view* find(std::string_view key) const noexcept;

  std::string_view id_;
  std::uint64_t sequence_ = 0;
  std::string_view kind_;
  std::vector<std::pair<std::string_view, std::string_view>> values_;
  std::vector<std::string_view> words_;
};

extern template std::optional<std::int32_t> DumpLine::number_in(std::string_view);
extern template std::optional<std::uint32_t> DumpLine::number_in(std::string_view);
extern template std::optional<std::int64_t> DumpLine::number_in(std::string_view);
extern template std::optional<std::uint64_t> DumpLine::number_in(std::string_view);

}  // namespace xgops::cli
