// SPDX-License-Identifier: MIT
// Reading the CPU limits of control groups, v2 and v1.
#include "stats/cgroup_quota.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

namespace xgops::stats {
namespace {

std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

bool has_item(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    if (take_until(list, ',') == item) {
      return true;
    }
  }
  return false;
}

std::int64_t parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? value : 0;
}

}  // namespace

CgroupMembership parse_membership(std::string_view text) {
  CgroupMembership membership;
  while (!text.empty()) {
    // "0::/path" for v2, "4:cpu,cpuacct:/path" for v1; the path may contain colons.
    std::string_view line = take_until(text, '\n');
    const std::string_view hierarchy = take_until(line, ':');
    const std::string_view controllers = take_until(line, ':');
    if (hierarchy == "0" && controllers.empty()) {
      membership.unified = line;
      continue;
    }
    if (has_item(controllers, "cpu")) {
      membership.cpu_controller = line;
    }
    if (has_item(controllers, "memory")) {
      membership.memory_controller = line;
    }
  }
  return membership;
}

std::uint32_t quota_millis(std::int64_t quota_us, std::int64_t period_us) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (quota_us <= 0 || period_us <= 0 ||
      quota_us > std::numeric_limits<std::int64_t>::max() / 1000) {
    return 0;
  }
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(quota_us * 1000 / period_us, 1, kMost));
}

std::uint32_t parse_cpu_max(std::string_view text) {
  const std::string_view quota = take_until(text, ' ');
  return quota == "max" ? 0 : quota_millis(parse_integer(quota), parse_integer(text));
}

std::vector<std::string> group_and_ancestors(std::string_view path) {
  std::vector<std::string> groups;
  if (path.starts_with("/..")) {
    path = {};
  }
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  while (!path.empty()) {
    groups.emplace_back(path);
    path = path.substr(0, path.rfind('/'));
  }
  groups.emplace_back();
  return groups;
}

std::uint32_t CgroupQuota::read_millis() {
  const auto text = membership_file_.read();
  if (!text) {
    return 0;
  }
  if (auto now = parse_membership(text.value()); membership_ != now) {
    find_limits(now);
    membership_ = std::move(now);
  }
  std::uint32_t tightest = 0;
  for (Limit& limit : limits_) {
    const auto quota = limit.quota.read();
    const auto period = limit.period ? limit.period->read() : Result<std::string>(std::string());
    if (!quota || !period) {
      continue;
    }
    const std::uint32_t millis =
        limit.period ? quota_millis(parse_integer(quota.value()), parse_integer(period.value()))
                     : parse_cpu_max(quota.value());
    if (millis != 0 && (tightest == 0 || millis < tightest)) {
      tightest = millis;
    }
  }
  return tightest;
}

void CgroupQuota::find_limits(const CgroupMembership& membership) {
  limits_.clear();
  const auto add_if_readable = [this](Limit limit) {
    if (limit.quota.read()) {
      limits_.push_back(std::move(limit));
    }
  };
  if (!membership.cpu_controller.empty()) {
    for (const std::string& group : group_and_ancestors(membership.cpu_controller)) {
      const std::string folder = "cpu" + group;
      add_if_readable({support::TextFile(*root_, folder + "/cpu.cfs_quota_us"),
                       support::TextFile(*root_, folder + "/cpu.cfs_period_us")});
    }
    return;
  }
  if (!membership.unified.empty()) {
    for (const std::string& group : group_and_ancestors(membership.unified)) {
      // Relative to the root: the slash in front would make it absolute.
      const std::string folder = group.empty() ? "" : group.substr(1) + "/";
      add_if_readable({support::TextFile(*root_, folder + "cpu.max"), std::nullopt});
    }
  }
}

}  // namespace xgops::stats
