// SPDX-License-Identifier: MIT
#include "threads/event_poll.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <string>

namespace xgops::threads {
namespace {

// A descriptor takes 70 bytes. One among a thousand is external, or the program is no server.
constexpr std::size_t kMostBytes = std::size_t{64} << 10;

std::string info_name(int fd) {
  return "fdinfo/" + std::to_string(fd);
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// Calls `visit` with each line.
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

bool is_eventfd(std::string_view link) {
  return link.starts_with("anon_inode:[eventfd");
}

bool is_external(const TaskFiles& files, pid_t tid, int fd, std::string_view link) {
  if (link.starts_with("anon_inode:[timerfd")) {
    const auto info = files.read_all(tid, info_name(fd).c_str(), kMostBytes);
    return !info || timer_is_set(*info);
  }
  return true;
}

}  // namespace

std::vector<int> parse_event_poll(std::string_view text) {
  std::vector<int> descriptors;
  for_each_line(text, [&](std::string_view line) {
    constexpr std::string_view kKey = "tfd:";
    if (!line.starts_with(kKey)) {
      return;
    }
    const std::string_view value = without_blanks(line.substr(kKey.size()));
    int fd = -1;
    if (std::from_chars(value.data(), value.data() + value.size(), fd).ec == std::errc()) {
      descriptors.push_back(fd);
    }
  });
  return descriptors;
}

bool timer_is_set(std::string_view text) {
  bool is_set = true;
  for_each_line(text, [&](std::string_view line) {
    constexpr std::string_view kKey = "it_value:";
    if (line.starts_with(kKey)) {
      is_set = without_blanks(line.substr(kKey.size())) != "(0, 0)";
    }
  });
  return is_set;
}

EventPollFacts look_into_event_poll(const TaskFiles& files, pid_t tid, int fd) {
  EventPollFacts facts;
  const auto info = files.read_all(tid, info_name(fd).c_str(), kMostBytes);
  if (!info) {
    facts.external = 1;  // It cannot be told.
    return facts;
  }
  // A loop has an eventfd to be woken by other threads. A second one may be written by another
  // process or the kernel.
  bool has_own = false;
  for (const int watched : parse_event_poll(*info)) {
    ++facts.watched;
    const std::string link = files.read_link(tid, "fd/" + std::to_string(watched));
    if (is_eventfd(link) && !has_own) {
      has_own = true;
    } else {
      facts.external += is_external(files, tid, watched, link) ? 1U : 0U;
    }
  }
  if (info->size() >= kMostBytes) {
    ++facts.external;
  }
  return facts;
}

}  // namespace xgops::threads
