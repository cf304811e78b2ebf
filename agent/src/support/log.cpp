// SPDX-License-Identifier: MIT
// The log file.
#include "support/log.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace xgops::support {
namespace {

UniqueFd open_log(const std::string& path) {
  // Without waiting, should it be a pipe that nobody reads.
  constexpr int kFlags =
      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
  return UniqueFd(::open(path.c_str(), kFlags, 0600));
}

/// `2026-01-31T12:00:00.123Z xgops[4711]: `. Not by gmtime: it takes the lock of the time zone and
/// may read a file.
std::string line_start() {
  using std::chrono::floor;
  const auto now = floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto day = floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  std::array<char, 96> text{};
  const int length = std::snprintf(
      text.data(), text.size(),
      "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ xgops[%d]: ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()),
      ::getpid());
  return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

}  // namespace

Log::Log(std::string path, bool keep_open) : path_(std::move(path)) {
  if (keep_open && !path_.empty()) {
    fd_ = open_log(path_);
  }
}

void Log::write(std::string_view event) {
  if (path_.empty()) {
    return;
  }
  std::string line = line_start();
  line += event;
  std::replace(line.begin(), line.end(), '\n', ' ');
  line += '\n';
  const UniqueFd opened = fd_ ? UniqueFd() : open_log(path_);
  // One call, so that lines of several processes in one file do not mix.
  [[maybe_unused]] const ssize_t written =
      ::write(fd_ ? fd_.get() : opened.get(), line.data(), line.size());
}

}  // namespace xgops::support
