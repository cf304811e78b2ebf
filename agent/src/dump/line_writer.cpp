// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/line_writer.hpp"

#include "dump/system.hpp"

#include <cstring>

#include <errno.h>
#include <poll.h>

namespace xgops::dump {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

/// What stands in a line as it is; all else could be mistaken for its structure, or be mangled by
/// what carries it.
bool is_plain(unsigned char character) noexcept {
  return character > ' ' && character < 0x7f && character != '%';
}

}  // namespace

void LineWriter::start(int fd, std::int32_t pid, std::uint32_t number,
                       std::int64_t deadline_ns) noexcept {
  fd_ = fd;
  pid_ = pid;
  number_ = number;
  deadline_ns_ = deadline_ns;
  lines_ = 0;
  written_ = 0;
  length_ = 0;
  failed_ = false;
  // What the program printed last may lack its newline.
  pending_bytes_[0] = '\n';
  pending_ = 1;
}

void LineWriter::put(std::string_view text) noexcept {
  for (const char character : text) {
    put(character);
  }
}

void LineWriter::put_digits(std::uint64_t value, unsigned base) noexcept {
  std::array<char, 20> digits{};
  std::size_t count = 0;
  do {
    digits[count++] = kDigits[value % base];
    value /= base;
  } while (value != 0);
  while (count > 0) {
    put(digits[--count]);
  }
}

void LineWriter::key(std::string_view name) noexcept {
  put(' ');
  put(name);
  put('=');
}

LineWriter& LineWriter::begin(std::string_view kind) noexcept {
  length_ = 0;
  put("xgops-dump ");
  put_digits(static_cast<std::uint64_t>(pid_), 10);
  put('.');
  put_digits(number_, 10);
  put(' ');
  put_digits(++lines_, 10);
  put(' ');
  put(kind);
  return *this;
}

LineWriter& LineWriter::number(std::string_view name, std::uint64_t value) noexcept {
  key(name);
  put_digits(value, 10);
  return *this;
}

LineWriter& LineWriter::signed_number(std::string_view name, std::int64_t value) noexcept {
  key(name);
  if (value < 0) {
    put('-');
  }
  put_digits(value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value),
             10);
  return *this;
}

LineWriter& LineWriter::hex(std::string_view name, std::uint64_t value) noexcept {
  key(name);
  put("0x");
  put_digits(value, 16);
  return *this;
}

LineWriter& LineWriter::text(std::string_view name, std::string_view value,
                             std::size_t max_bytes) noexcept {
  key(name);
  std::size_t left = max_bytes;
  for (const char character : value) {
    if (left-- == 0) {
      break;
    }
    const auto byte = static_cast<unsigned char>(character);
    if (is_plain(byte)) {
      put(character);
    } else if (has_room(3)) {
      put('%');
      put(kDigits[byte >> 4U]);
      put(kDigits[byte & 0xfU]);
    }
  }
  return *this;
}

LineWriter& LineWriter::bytes(std::string_view name, const std::uint8_t* data,
                              std::size_t count) noexcept {
  key(name);
  for (std::size_t i = 0; i < count; ++i) {
    put(kDigits[data[i] >> 4U]);
    put(kDigits[data[i] & 0xfU]);
  }
  return *this;
}

LineWriter& LineWriter::address(std::uint64_t value, char exact, char inferred) noexcept {
  put(' ');
  put_digits(value, 16);
  for (const char mark : {exact, inferred}) {
    if (mark != 0) {
      put(mark);
    }
  }
  return *this;
}

void LineWriter::end() noexcept {
  line_[length_++] = '\n';  // There is room: `put` stops before the end of the array.
  if (pending_ + length_ > kChunkBytes) {
    flush();
  }
  std::memcpy(pending_bytes_.data() + pending_, line_.data(), length_);
  pending_ += length_;
}

bool LineWriter::wait_writable() noexcept {
  pollfd entry{fd_, POLLOUT, 0};
  for (;;) {
    const std::int64_t left = deadline_ns_ - now_ns();
    if (left <= 0) {
      return false;
    }
    const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    timespec copy = timeout;  // The kernel writes the rest of the time into it.
    const long ready = call(SYS_ppoll, &entry, 1, &copy, nullptr, 8);
    if (ready != -EINTR) {
      return ready > 0 && (entry.revents & POLLOUT) != 0;
    }
  }
}

void LineWriter::flush() noexcept {
  std::size_t done = 0;
  while (done < pending_ && fd_ >= 0 && !is_full()) {
    if (!wait_writable()) {
      failed_ = true;
      break;
    }
    const long wrote = call(SYS_write, fd_, pending_bytes_.data() + done, pending_ - done);
    if (wrote > 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (wrote != -EINTR && wrote != -EAGAIN) {
      failed_ = true;
    }
  }
  written_ += pending_;
  pending_ = 0;
}

}  // namespace xgops::dump
