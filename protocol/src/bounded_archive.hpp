// SPDX-License-Identifier: MIT
// cereal input archive for bytes from a stranger: never reads past the end, never believes a count.
#pragma once

#include "cereal_core.hpp"
#include "little_endian.hpp"
#include "output_archive.hpp"
#include "wire_types.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace xgops::protocol {

/// Reads a message from `bytes`, which must outlive the archive.
///
/// cereal's own archives resize a container before they read it: nine bytes that claim 2^32
/// elements make a process grow by gigabytes. Here a count is compared with the bytes that are left
/// and with what each element takes at least, before anything is allocated.
///
/// The first problem is remembered and everything after it reads as zero. It is not thrown: an
/// agent runs in other people's processes, where unwinding may wait for a lock of the loader that a
/// stuck thread holds.
class BoundedInputArchive : public cereal::InputArchive<BoundedInputArchive> {
 public:
  explicit BoundedInputArchive(std::span<const std::byte> bytes)
      : cereal::InputArchive<BoundedInputArchive>(this), bytes_(bytes) {}

  /// What is wrong, as a literal; null as long as all is well.
  [[nodiscard]] const char* problem() const noexcept { return problem_; }
  [[nodiscard]] bool ok() const noexcept { return problem_ == nullptr; }
  /// Where reading stopped, in bytes from the start.
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t bytes_left() const noexcept { return bytes_.size() - position_; }

  /// Remembers the first problem only. `problem` must be a literal.
  void fail(const char* problem) noexcept {
    if (ok()) {
      problem_ = problem;
    }
  }

  template <WireInteger T>
  [[nodiscard]] T read_integer() noexcept {
    const auto encoded = read_bytes(sizeof(T));
    return encoded.empty() ? T{} : load_little_endian<T>(encoded.data());
  }

  /// The next `size` bytes; none after a problem.
  [[nodiscard]] std::span<const std::byte> read_bytes(std::size_t size) noexcept {
    if (size > bytes_left()) {
      fail("ends in the middle of a field");
    }
    if (!ok()) {
      return {};
    }
    const auto result = bytes_.subspan(position_, size);
    position_ += size;
    return result;
  }

  /// A count of elements that take at least `element_bytes` each; 0 after a problem.
  [[nodiscard]] std::size_t read_count(std::size_t element_bytes) noexcept {
    const std::size_t start = position_;
    const std::size_t count = read_integer<WireCount>();
    // An element without bytes would make any count plausible; no message has one.
    if (count > bytes_left() / std::max<std::size_t>(element_bytes, 1)) {
      position_ = start;  // So that the problem is reported where the count is.
      fail("has a count of more elements than there are bytes left for");
    }
    return ok() ? count : 0;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  const char* problem_ = nullptr;
};

template <WireInteger T>
void load(BoundedInputArchive& archive, T& value) {
  value = archive.read_integer<T>();
}

template <std::same_as<bool> T>
void load(BoundedInputArchive& archive, T& value) {
  const auto encoded = archive.read_integer<std::uint8_t>();
  if (encoded > 1) {
    archive.fail("has a boolean that is neither 0 nor 1");
  }
  value = encoded == 1;
}

template <WireEnum Enum>
void load(BoundedInputArchive& archive, Enum& value) {
  const auto encoded = archive.read_integer<std::underlying_type_t<Enum>>();
  if (encoded > last_value<Enum>()) {
    archive.fail("has an enumerator that is not defined");
    return;  // Keeps the default: the object never holds an undefined value.
  }
  value = static_cast<Enum>(encoded);
}

inline void load(BoundedInputArchive& archive, std::string& value) {
  const auto text = archive.read_bytes(archive.read_count(1));
  value.resize(text.size());
  std::transform(text.begin(), text.end(), value.begin(),
                 [](std::byte byte) { return static_cast<char>(byte); });
}

template <class T, std::size_t N>
void load(BoundedInputArchive& archive, std::array<T, N>& values) {
  for (T& value : values) {
    archive(value);
  }
}

template <class T>
void load(BoundedInputArchive& archive, std::vector<T>& values) {
  values.clear();
  values.resize(archive.read_count(minimum_bytes<T>()));
  for (T& value : values) {
    archive(value);
    if (!archive.ok()) {
      return;
    }
  }
}

}  // namespace xgops::protocol

// cereal has functions of its own for every enumeration, without a range check; this says that ours
// are the ones.
template <xgops::protocol::WireEnum Enum>
struct cereal::specialize<xgops::protocol::BoundedInputArchive, Enum,
                          cereal::specialization::non_member_load_save> : std::true_type {};

CEREAL_SETUP_ARCHIVE_TRAITS(xgops::protocol::BoundedInputArchive, xgops::protocol::OutputArchive)
