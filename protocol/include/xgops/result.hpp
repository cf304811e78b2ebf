// SPDX-License-Identifier: MIT
// Error and Result: the vocabulary that every part shares.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace xgops {

/// What went wrong. Programs branch on `code`; `context` names the operand (a path, a PID, a
/// message) and `hint` says what to do next, both for people. `hint` may be empty.
struct Error {
  std::error_code code;
  std::string context;
  std::string hint = {};

  /// `context: message of code`, on one line, without the hint.
  [[nodiscard]] std::string message() const {
    return context.empty() ? code.message() : context + ": " + code.message();
  }
};

/// An `Error` with the value of `errno` as its code.
[[nodiscard]] inline Error system_error(int errno_value, std::string context,
                                        std::string hint = {}) {
  return Error{{errno_value, std::generic_category()}, std::move(context), std::move(hint)};
}

/// Either a value or an `Error`. Stand-in for C++23 `std::expected`, which GCC 12 lacks in C++20
/// mode; member names are a subset of `std::expected`, so the later swap is mechanical.
template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error{...};` should both read naturally.
  // NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  explicit operator bool() const noexcept { return state_.index() == 0; }
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }

  [[nodiscard]] T& value() & {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] const Error& error() const& {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Error&& error() && {
    assert(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an `Error`.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): see above.
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return !error_; }
  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  [[nodiscard]] const Error& error() const& {
    assert(error_);
    return *error_;
  }
  [[nodiscard]] Error&& error() && {
    assert(error_);
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace xgops
