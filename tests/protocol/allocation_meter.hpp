// SPDX-License-Identifier: MIT
// Measures what a piece of code allocates: this executable replaces operator new.
#pragma once

#include <cstddef>

namespace xgops::test {

/// Counts what this thread asks operator new for between construction and `bytes()`.
class AllocationMeter {
 public:
  AllocationMeter() noexcept;

  /// In all, including what was given back since.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  std::size_t start_;
};

}  // namespace xgops::test
