// SPDX-License-Identifier: MIT
// Memory of our own, straight from the system: usable while all threads are stopped, perhaps inside
// the allocator, and in the child, which must not touch the allocator either.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace xgops::proof {

/// Addresses from `begin` up to, not including, `end`.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] constexpr std::uint64_t bytes() const noexcept { return end - begin; }
  [[nodiscard]] constexpr bool contains(std::uint64_t address) const noexcept {
    return address >= begin && address < end;
  }
};

/// Hands out zeroed pages and knows where all of them are, so that no scan takes what lies there
/// for the program's. Gives them back when destroyed. For one thread.
class Scratch {
 public:
  Scratch() noexcept = default;
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Null: the system refuses, or there are too many.
  [[nodiscard]] void* take(std::size_t bytes) noexcept;
  /// Moves what was taken to where there is room for `bytes`. Null: as it was.
  [[nodiscard]] void* grow(void* memory, std::size_t bytes) noexcept;

  [[nodiscard]] std::span<const Range> ranges() const noexcept { return {ranges_.data(), count_}; }
  /// Whether anything was refused: what was collected is not complete.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  static constexpr std::size_t kMost = 1024;

  std::array<Range, kMost> ranges_{};
  std::size_t count_ = 0;
  bool failed_ = false;
};

/// An array in a `Scratch`. Elements are bytes: nothing is constructed or destroyed.
template <class T>
class ScratchArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit ScratchArray(Scratch& scratch) noexcept : scratch_(scratch) {}
  ~ScratchArray() = default;
  ScratchArray(const ScratchArray&) = delete;
  ScratchArray& operator=(const ScratchArray&) = delete;

  /// False: there is no memory, see `Scratch::failed`.
  bool push(const T& value) noexcept {
    if (size_ == capacity_ && !make_room()) {
      return false;
    }
    data_[size_++] = value;
    return true;
  }
  /// There must be one.
  T pop() noexcept { return data_[--size_]; }
  void clear() noexcept { size_ = 0; }
  /// To no more than there are.
  void shrink(std::size_t size) noexcept { size_ = size; }
  /// `size` of them, zeroed unless they were in use before.
  bool resize(std::size_t size) noexcept {
    while (capacity_ < size) {
      if (!make_room()) {
        return false;
      }
    }
    size_ = size;
    return true;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T& operator[](std::size_t index) noexcept { return data_[index]; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return data_[index]; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }
  [[nodiscard]] std::span<const T> view() const noexcept { return {data_, size_}; }

 private:
  static constexpr std::size_t kFirstBytes = std::size_t{64} << 10;

  bool make_room() noexcept {
    const std::size_t bytes = capacity_ == 0 ? kFirstBytes : capacity_bytes_ * 2;
    void* const memory = data_ == nullptr ? scratch_.take(bytes) : scratch_.grow(data_, bytes);
    if (memory == nullptr) {
      return false;
    }
    data_ = static_cast<T*>(memory);
    capacity_bytes_ = bytes;
    capacity_ = bytes / sizeof(T);  // NOLINT(bugprone-sizeof-expression): of any T.
    return true;
  }

  Scratch& scratch_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t capacity_bytes_ = 0;
};

}  // namespace xgops::proof
