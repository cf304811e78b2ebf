// SPDX-License-Identifier: MIT
// A place in the source, in one word where the compiler keeps a record of it.
#pragma once

#include <algorithm>
#include <cstdint>
#if __has_include(<source_location>)
#  include <source_location>
#endif

namespace xgops {

/// File, line and function of a call, taken as a default argument:
/// `void f(CodeLocation location = CodeLocation::current())`.
///
/// With a compiler that has `std::source_location` it is the address of that record, which lives as
/// long as its module. Others (Clang before 16) get the file's name and the line packed into a
/// word, the function's name into a second one. Thread safety: a value. Signal safety: all of it.
/// Cost: none at run time.
class CodeLocation {
 public:
  constexpr CodeLocation() noexcept = default;

#if defined(__cpp_lib_source_location)
  [[nodiscard]] static CodeLocation current(
      std::source_location location = std::source_location::current()) noexcept {
    static_assert(sizeof location == sizeof(std::uint64_t));
    CodeLocation result;
    result.word_ = __builtin_bit_cast(std::uint64_t, location);
    return result;
  }
  static constexpr bool kHasFunctionWord = false;
#else
  [[nodiscard]] static CodeLocation current(const char* file = __builtin_FILE(),
                                            const char* function = __builtin_FUNCTION(),
                                            std::uint32_t line = __builtin_LINE()) noexcept {
    CodeLocation result;
    result.word_ = reinterpret_cast<std::uint64_t>(file) |
                   (static_cast<std::uint64_t>(std::clamp(line, 1U, kMaxPackedLine)) << kLineShift);
    result.function_ = reinterpret_cast<std::uint64_t>(function);
    return result;
  }
  static constexpr bool kHasFunctionWord = true;
#endif

  /// 0: no place. Below 2^47: the address of {file, function, line, column}. Else a packed one.
  [[nodiscard]] constexpr std::uint64_t word() const noexcept {
    return word_;
  }
  /// The address of the function's name, beside a packed word; else 0.
  [[nodiscard]] constexpr std::uint64_t function_word() const noexcept {
    return function_;
  }

  /// User-space addresses end below this bit, where the line of a packed word begins.
  static constexpr unsigned kLineShift = 48;
  static constexpr std::uint32_t kMaxPackedLine = 0xffff;  ///< Greater lines read as this one.

 private:
  std::uint64_t word_ = 0;
  std::uint64_t function_ = 0;
};

}  // namespace xgops
