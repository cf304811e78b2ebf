// SPDX-License-Identifier: MIT
// Which C++ types may be part of a message, and how few bytes each takes on the wire.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace xgops::protocol {

/// In front of every string and vector: the number of elements that follow.
using WireCount = std::uint32_t;

/// Fixed-width and little-endian. `bool` is not one of them: it has two valid values only.
template <class T>
concept WireInteger = std::integral<T> && !std::same_as<T, bool>;

/// An enumeration with an unsigned representation, so that a range check needs one comparison.
template <class T>
concept WireEnum = std::is_enum_v<T> && std::unsigned_integral<std::underlying_type_t<T>>;

/// An enumeration that names its last value has no others: a receiver refuses them. An enumeration
/// without `kLast` is open: values from a newer peer come through, and the reader copes with them.
template <class T>
concept ClosedEnum = WireEnum<T> && requires {
  T::kLast;
};

/// Largest valid value of an enumeration.
template <WireEnum Enum>
[[nodiscard]] constexpr auto last_value() noexcept {
  if constexpr (ClosedEnum<Enum>) {
    return static_cast<std::underlying_type_t<Enum>>(Enum::kLast);
  } else {
    return std::numeric_limits<std::underlying_type_t<Enum>>::max();
  }
}

template <class T>
[[nodiscard]] std::size_t minimum_bytes();

/// Looks like an archive to `serialize` and adds up what the fields take at least.
class MinimumBytes {
 public:
  template <class... Fields>
  void operator()(const Fields&... /*fields*/) {
    total_ += (std::size_t{0} + ... + minimum_bytes<Fields>());
  }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  std::size_t total_ = 0;
};

namespace detail {

template <class T>
struct MinimumBytesOf {
  static std::size_t get() {
    MinimumBytes minimum;
    T message;  // Never read: `serialize` needs an object to name fields of.
    message.serialize(minimum);
    return minimum.total();
  }
};

template <class T>
requires(std::integral<T> || WireEnum<T>) struct MinimumBytesOf<T> {
  static constexpr std::size_t get() { return sizeof(T); }
};

template <>
struct MinimumBytesOf<std::string> {
  static constexpr std::size_t get() { return sizeof(WireCount); }
};

template <class T>
struct MinimumBytesOf<std::vector<T>> {
  static constexpr std::size_t get() { return sizeof(WireCount); }
};

template <class T, std::size_t N>
struct MinimumBytesOf<std::array<T, N>> {
  static std::size_t get() { return N * minimum_bytes<T>(); }
};

}  // namespace detail

/// The size of the smallest encoding of a `T`: how many bytes each claimed element must have left.
/// Folds to a constant in optimised builds.
template <class T>
[[nodiscard]] std::size_t minimum_bytes() {
  return detail::MinimumBytesOf<T>::get();
}

}  // namespace xgops::protocol
