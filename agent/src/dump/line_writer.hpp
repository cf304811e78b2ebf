// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// Writes the lines of a dump. The format is described in agent/README.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xgops::dump {

/// Puts `xgops-dump PID.N SEQUENCE kind key=value ...` lines together and hands them to a
/// descriptor in pieces that a pipe takes whole (PIPE_BUF): what others write comes between lines,
/// not into them.
///
/// A line that is begun must be ended before the next. Values beyond what a line can hold are cut.
/// Waits for a slow reader until the deadline, then drops the rest.
class LineWriter {
 public:
  static constexpr std::size_t kMaxDumpBytes = std::size_t{32} << 20U;

  /// `fd` < 0: nothing is written. `deadline_ns` on CLOCK_MONOTONIC.
  void start(int fd, std::int32_t pid, std::uint32_t number, std::int64_t deadline_ns) noexcept;

  LineWriter& begin(std::string_view kind) noexcept;
  LineWriter& number(std::string_view key, std::uint64_t value) noexcept;
  LineWriter& signed_number(std::string_view key, std::int64_t value) noexcept;
  LineWriter& hex(std::string_view key, std::uint64_t value) noexcept;
  /// Bytes that could break the line are written as %XX. At most `max_bytes` of `value`.
  LineWriter& text(std::string_view key, std::string_view value,
                   std::size_t max_bytes = kMaxTextBytes) noexcept;
  LineWriter& bytes(std::string_view key, const std::uint8_t* data, std::size_t count) noexcept;
  /// A word without key: an address and a mark behind it (0: none).
  LineWriter& address(std::uint64_t value, char exact, char inferred) noexcept;
  void end() noexcept;

  /// Whether the line has room for another word of `bytes`.
  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
    return kMaxLineBytes - length_ > bytes;
  }
  /// Hands over what is left.
  void flush() noexcept;
  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }
  /// Whether no more is taken: the size limit, the deadline, or nobody reads.
  [[nodiscard]] bool is_full() const noexcept { return failed_ || written_ > kMaxDumpBytes; }

 private:
  static constexpr std::size_t kChunkBytes = 4096;  // PIPE_BUF
  static constexpr std::size_t kMaxLineBytes = 3600;
  static constexpr std::size_t kMaxTextBytes = 512;

  void put(char character) noexcept {
    if (length_ < kMaxLineBytes) {
      line_[length_++] = character;
    }
  }
  void put(std::string_view text) noexcept;
  void put_digits(std::uint64_t value, unsigned base) noexcept;
  void key(std::string_view name) noexcept;
  [[nodiscard]] bool wait_writable() noexcept;

  int fd_ = -1;
  std::int32_t pid_ = 0;
  std::uint32_t number_ = 0;
  std::int64_t deadline_ns_ = 0;
  std::uint64_t lines_ = 0;
  std::size_t written_ = 0;
  std::size_t length_ = 0;
  std::size_t pending_ = 0;
  bool failed_ = false;
  std::array<char, kChunkBytes> line_;           // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::array<char, kChunkBytes> pending_bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init)
};

}  // namespace xgops::dump
