// SPDX-License-Identifier: MIT
// Vitals as `name: value` lines, with changes when there was a sample before.
#include "output/escape.hpp"
#include "output/style.hpp"
#include "output/text.hpp"
#include "support/duration.hpp"

#include <string_view>

namespace xgops::cli {
namespace {

class Lines {
 public:
  explicit Lines(const Style& style) : style_(style) {}

  void add(std::string_view name, std::string_view value, std::string_view change = {}) {
    text_ += style_.dim(std::string(name) + ":");
    text_ += ' ';
    text_ += value;
    if (!change.empty()) {
      text_ += style_.warning(" (" + std::string(change) + ")");
    }
    text_ += '\n';
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  const Style& style_;
  std::string text_;
};

/// "+3", "-1.2 MiB", or nothing when both are equal.
template <class Number, class Format>
std::string change_of(Number now, Number before, Format format) {
  if (now == before) {
    return {};
  }
  return now > before ? "+" + format(now - before) : "-" + format(before - now);
}

std::string plain_count(std::uint64_t count) {
  return std::to_string(count);
}

}  // namespace

std::string vitals_text(const VitalsReport& report, const Presentation& presentation) {
  const protocol::Vitals::Response& now = report.now;
  // Without a sample before, each change is against itself: none.
  const protocol::Vitals::Response& before = report.before ? *report.before : report.now;
  const Style style(presentation.color);
  Lines lines(style);
  lines.add("process",
            std::to_string(report.process.pid) + " (" + escape(report.process.name) + ")");
  lines.add("tasks", plain_count(now.tasks), change_of(now.tasks, before.tasks, plain_count));
  lines.add("OS threads", plain_count(now.os_threads),
            change_of(now.os_threads, before.os_threads, plain_count));
  std::string cpus = std::to_string(now.cpu_count);
  if (now.cpu_quota_millis != 0 && now.cpu_quota_millis < now.cpu_count * 1000ULL) {
    cpus += " (cgroup quota " + decimal_text(now.cpu_quota_millis, 1000, 1) + ")";
  }
  lines.add("CPU count", cpus, change_of(now.cpu_count, before.cpu_count, plain_count));
  std::string load;
  for (const std::uint32_t millis : now.load_millis) {
    load += (load.empty() ? "" : " ") + decimal_text(millis, 1000, 2);
  }
  lines.add("load average", load);
  lines.add("RSS", size_text(now.rss_bytes), change_of(now.rss_bytes, before.rss_bytes, size_text));
  lines.add("virtual memory", size_text(now.virtual_bytes),
            change_of(now.virtual_bytes, before.virtual_bytes, size_text));
  lines.add("uptime", uptime_text(now.uptime_ns));
  std::string cpu_change = change_of(now.cpu_time_ns, before.cpu_time_ns, elapsed_text);
  if (!cpu_change.empty() && now.uptime_ns > before.uptime_ns &&
      now.cpu_time_ns > before.cpu_time_ns) {
    cpu_change += ", " +
                  decimal_text((now.cpu_time_ns - before.cpu_time_ns) * 100,
                               now.uptime_ns - before.uptime_ns, 0) +
                  " % of one CPU";
  }
  lines.add("CPU time", elapsed_text(now.cpu_time_ns), cpu_change);
  lines.add("open files", plain_count(now.open_fds) + " of " + plain_count(now.fd_limit),
            change_of(now.open_fds, before.open_fds, plain_count));
  lines.add("requests served", plain_count(now.requests_served));
  lines.add("peers refused", plain_count(now.peers_refused),
            change_of(now.peers_refused, before.peers_refused, plain_count));
  return lines.take();
}

}  // namespace xgops::cli
