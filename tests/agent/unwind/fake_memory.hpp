// SPDX-License-Identifier: MIT
// Memory made of byte arrays at chosen addresses.
#pragma once

#include "unwind/memory.hpp"

#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

namespace xgops::test {

class FakeMemory final : public unwind::Memory {
 public:
  void put(std::uint64_t address, std::vector<std::uint8_t> bytes) {
    regions_[address] = std::move(bytes);
  }

  template <class T>
  void put_value(std::uint64_t address, const T& value) {
    std::vector<std::uint8_t> bytes(sizeof(T));
    std::memcpy(bytes.data(), &value, sizeof(T));
    put(address, std::move(bytes));
  }

  bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept override {
    auto at = regions_.upper_bound(address);
    if (at == regions_.begin()) {
      return false;
    }
    --at;
    const std::uint64_t offset = address - at->first;
    if (offset > at->second.size() || at->second.size() - offset < bytes) {
      return false;
    }
    std::memcpy(out, at->second.data() + offset, bytes);
    return true;
  }

 private:
  std::map<std::uint64_t, std::vector<std::uint8_t>> regions_;
};

}  // namespace xgops::test
