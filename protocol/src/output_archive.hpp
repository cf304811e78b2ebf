// SPDX-License-Identifier: MIT
// cereal output archive that appends the wire form of a message to a byte vector.
#pragma once

#include "cereal_core.hpp"
#include "little_endian.hpp"
#include "wire_types.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace xgops::protocol {

/// Writes what `BoundedInputArchive` reads; PROTOCOL.md, "Encoding", is the definition of both.
class OutputArchive : public cereal::OutputArchive<OutputArchive> {
 public:
  explicit OutputArchive(std::vector<std::byte>& bytes)
      : cereal::OutputArchive<OutputArchive>(this), bytes_(bytes) {}

  template <WireInteger T>
  void write_integer(T value) {
    std::array<std::byte, sizeof(T)> encoded;
    store_little_endian(value, encoded.data());
    bytes_.insert(bytes_.end(), encoded.begin(), encoded.end());
  }

  void write_count(std::size_t count) {
    // A message is far smaller than this: agents split answers (PROTOCOL.md, "Streaming").
    assert(count <= std::numeric_limits<WireCount>::max());
    write_integer(static_cast<WireCount>(count));
  }

  void write_bytes(const void* data, std::size_t size) {
    const auto* const first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }

 private:
  std::vector<std::byte>& bytes_;
};

template <WireInteger T>
void save(OutputArchive& archive, const T& value) {
  archive.write_integer(value);
}

// A template, so that nothing converts to bool on the way in.
template <std::same_as<bool> T>
void save(OutputArchive& archive, const T& value) {
  archive.write_integer(static_cast<std::uint8_t>(value ? 1 : 0));
}

template <WireEnum Enum>
void save(OutputArchive& archive, const Enum& value) {
  archive.write_integer(static_cast<std::underlying_type_t<Enum>>(value));
}

inline void save(OutputArchive& archive, const std::string& value) {
  archive.write_count(value.size());
  archive.write_bytes(value.data(), value.size());
}

template <class T, std::size_t N>
void save(OutputArchive& archive, const std::array<T, N>& values) {
  for (const T& value : values) {
    archive(value);
  }
}

template <class T>
void save(OutputArchive& archive, const std::vector<T>& values) {
  archive.write_count(values.size());
  for (const T& value : values) {
    archive(value);
  }
}

}  // namespace xgops::protocol

// cereal has functions of its own for every enumeration; these lines say that ours are the ones.
template <xgops::protocol::WireEnum Enum>
struct cereal::specialize<xgops::protocol::OutputArchive, Enum,
                          cereal::specialization::non_member_load_save> : std::true_type {};
