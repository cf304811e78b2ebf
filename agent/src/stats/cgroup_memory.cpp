// SPDX-License-Identifier: MIT
// Reading the memory limits of control groups, v2 and v1.
#include "stats/cgroup_memory.hpp"

#include "stats/cgroup_quota.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

namespace xgops::stats {
namespace {

/// v1 says "no limit" with the largest number of whole pages.
constexpr std::uint64_t kAsGoodAsNone = std::uint64_t{1} << 60;

std::optional<std::uint64_t> leading_bytes(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

/// Of the line "`key` 4096"; 0: there is none.
std::uint64_t value_of_line(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return leading_bytes(line.substr(key.size() + 1)).value_or(0);
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}

/// The files of one group, which begin with `folder`.
std::optional<std::uint64_t> left_of_group(const support::Directory& root,
                                           const std::string& folder, const char* limit_file,
                                           const char* used_file) {
  const auto limit = support::read_text(root, folder + limit_file);
  const auto used = support::read_text(root, folder + used_file);
  const auto details = support::read_text(root, folder + "memory.stat");
  if (!limit || !used) {
    return std::nullopt;
  }
  return left_of_limit(*limit, *used, details ? std::string_view(*details) : std::string_view());
}

void keep_least(std::optional<std::uint64_t>& least, std::optional<std::uint64_t> other) {
  if (other && (!least || *other < *least)) {
    least = other;
  }
}

}  // namespace

std::optional<std::uint64_t> left_of_limit(std::string_view limit, std::string_view used,
                                           std::string_view details) {
  const auto most = leading_bytes(limit);
  const auto now = leading_bytes(used);
  if (!most || *most >= kAsGoodAsNone || !now) {
    return std::nullopt;
  }
  // Of v1's two the one that includes groups below, as its use does.
  const std::uint64_t droppable = std::max(value_of_line(details, "inactive_file"),
                                           value_of_line(details, "total_inactive_file"));
  const std::uint64_t kept = *now - std::min(*now, droppable);
  return *most - std::min(*most, kept);
}

std::optional<std::uint64_t> memory_left(const support::Directory& root,
                                         const support::Directory& process) {
  const auto text = support::read_text(process, "cgroup");
  if (!text) {
    return std::nullopt;
  }
  const CgroupMembership membership = parse_membership(*text);
  std::optional<std::uint64_t> least;
  if (!membership.memory_controller.empty()) {
    for (const std::string& group : group_and_ancestors(membership.memory_controller)) {
      keep_least(least, left_of_group(root, "memory" + group + "/", "memory.limit_in_bytes",
                                      "memory.usage_in_bytes"));
    }
  } else if (!membership.unified.empty()) {
    for (const std::string& group : group_and_ancestors(membership.unified)) {
      // Relative to the root: the slash in front would make it absolute.
      const std::string folder = group.empty() ? "" : group.substr(1) + "/";
      // Above memory.high its members are slowed down, above memory.max one of them is killed.
      keep_least(least, left_of_group(root, folder, "memory.max", "memory.current"));
      keep_least(least, left_of_group(root, folder, "memory.high", "memory.current"));
    }
  }
  return least;
}

}  // namespace xgops::stats
