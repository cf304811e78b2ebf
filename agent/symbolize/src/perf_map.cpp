// SPDX-License-Identifier: MIT
// Reading /tmp/perf-PID.map: "START SIZE NAME" in each line, numbers in hexadecimal.
#include "perf_map.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include <sys/stat.h>

namespace xgops::symbolize {

namespace {

constexpr std::size_t kMaxBytes = 256U << 20U;

std::uint64_t take_hexadecimal(std::string_view& line) {
  std::uint64_t value = 0;
  if (line.substr(0, 2) == "0x") {
    line.remove_prefix(2);
  }
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), value, 16);
  line.remove_prefix(static_cast<std::size_t>(parsed.ptr - line.data()));
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return value;
}

}  // namespace

std::string_view PerfMap::find(std::uint64_t address) {
  const auto* found = names_.find(address);
  if (found == nullptr && reload()) {
    found = names_.find(address);
  }
  return found == nullptr ? std::string_view{}
                          : std::string_view(text_).substr(found->value.begin, found->value.size);
}

bool PerfMap::reload() {
  const auto file = target_.open_there("/tmp/perf-" + std::to_string(target_.pid_there()) + ".map");
  struct stat status = {};
  if (!file || ::fstat(file.value().get(), &status) != 0) {
    return false;
  }
  // Anybody may put a file into /tmp.
  const auto user = target_.user();
  if (status.st_uid != 0 && (!user || status.st_uid != *user)) {
    return false;
  }
  const auto size = std::min(static_cast<std::size_t>(status.st_size), kMaxBytes);
  if (size == text_.size()) {
    return false;
  }
  text_.assign(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const auto count = ::read(file.value().get(), text_.data() + done, size - done);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  text_.resize(done);
  parse();
  return true;
}

void PerfMap::parse() {
  struct Entry {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
    Name name;
  };
  std::vector<Entry> entries;
  const std::string_view text(text_);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    Entry entry;
    entry.begin = take_hexadecimal(line);
    entry.size = take_hexadecimal(line);
    entry.name = {static_cast<std::uint32_t>(line.data() - text.data()),
                  static_cast<std::uint32_t>(line.size())};
    if (!line.empty() && entry.begin + entry.size > entry.begin) {
      entries.push_back(entry);
    }
  }
  names_ = {};
  // Code is thrown away and its memory used again: what was written last is what is there.
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    names_.add(entry->begin, entry->begin + entry->size, entry->name);
  }
  names_.seal();
}

}  // namespace xgops::symbolize
