// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace xgops::proof {

/// A short path such as "123/fd/4", made without the allocator. What does not fit is left out.
class ProcPath {
 public:
  ProcPath& add(std::string_view text) noexcept {
    const std::size_t length = std::min(text.size(), text_.size() - 1 - length_);
    std::memcpy(text_.data() + length_, text.data(), length);
    length_ += length;
    text_[length_] = '\0';
    return *this;
  }
  ProcPath& add(int number) noexcept {
    std::array<char, 16> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

 private:
  std::array<char, 64> text_{};
  std::size_t length_ = 0;
};

}  // namespace xgops::proof
