// SPDX-License-Identifier: MIT
// Colours for terminals, or none.
#pragma once

#include <string>
#include <string_view>

namespace xgops::cli {

class Style {
 public:
  explicit Style(bool color) noexcept : color_(color) {}

  [[nodiscard]] std::string heading(std::string_view text) const { return paint("1", text); }
  [[nodiscard]] std::string blocked(std::string_view text) const { return paint("31", text); }
  [[nodiscard]] std::string busy(std::string_view text) const { return paint("32", text); }
  [[nodiscard]] std::string waiting(std::string_view text) const { return paint("36", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
  [[nodiscard]] std::string warning(std::string_view text) const { return paint("33", text); }

 private:
  [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const {
    if (!color_ || text.empty()) {
      return std::string(text);
    }
    std::string painted = "\x1b[";
    painted.append(code).append("m").append(text).append("\x1b[0m");
    return painted;
  }

  bool color_;
};

}  // namespace xgops::cli
