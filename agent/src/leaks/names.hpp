// SPDX-License-Identifier: MIT
// Names of functions for reports and filters.
#pragma once

#include "tasks/source_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xgops::leaks {

/// "ns::serve" of "asio::awaitable<void> ns::serve(int) [with T = int]" and of "ns::serve(int)".
[[nodiscard]] std::string short_function(std::string_view name);

/// Whether `text` is `pattern`, in which `*` stands for any and `?` for one character.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

struct Frame {
  std::string function;  ///< "" when it is not known.
  std::string file;
  std::uint32_t line = 0;
  std::uint64_t address = 0;  ///< Of one without names; 0: there is none.
  bool exact = false;         ///< Whether the address is none to which a call returns.
};

/// Looks everything up once.
class Names {
 public:
  enum class Addresses : std::uint8_t {
    kNamed,
    kBare,  ///< Left for somebody else to name.
  };
  explicit Names(Addresses addresses = Addresses::kNamed) : wanted_(addresses) {}

  /// The place that a `CodeLocation` encodes.
  [[nodiscard]] const Frame& place(std::uint64_t location, std::uint64_t function);
  /// The functions at an address, inlined ones first; never empty.
  [[nodiscard]] const std::vector<Frame>& address(std::uint64_t address, bool exact);

 private:
  const Addresses wanted_;
  std::unordered_map<std::uint64_t, Frame> places_;
  std::unordered_map<std::uint64_t, std::vector<Frame>> addresses_;
};

}  // namespace xgops::leaks
