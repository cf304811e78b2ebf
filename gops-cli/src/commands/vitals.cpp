// SPDX-License-Identifier: MIT
// `xgops vitals`: the numbers one looks at first.
#include "xgops/protocol/messages/vitals.hpp"

#include "commands/command.hpp"
#include "commands/target_options.hpp"
#include "xgops/protocol/messages/process_info.hpp"

#include <cerrno>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

struct VitalsOptions {
  TargetOptions target;
  std::chrono::milliseconds interval{0};
  std::uint32_t count = 0;
};

/// A fixed rhythm: the time that a sample takes is part of the interval.
class Rhythm {
 public:
  explicit Rhythm(std::chrono::milliseconds interval) : interval_(interval) {
    ::clock_gettime(CLOCK_MONOTONIC, &next_);
  }

  void wait() {
    const long nanoseconds = next_.tv_nsec + interval_.count() % 1000 * 1'000'000;
    next_.tv_sec += interval_.count() / 1000 + nanoseconds / 1'000'000'000;
    next_.tv_nsec = nanoseconds % 1'000'000'000;
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next_, nullptr) == EINTR) {
    }
  }

 private:
  std::chrono::milliseconds interval_;
  timespec next_{};
};

Result<VitalsReport> sample(Context& context, const TargetOptions& options, bool with_limits) {
  return with_target(
      context, options, [&](Target& target, const Deadline& deadline) -> Result<VitalsReport> {
        auto vitals = target.session.ask<protocol::Vitals>({}, deadline);
        if (!vitals) {
          return std::move(vitals).error();
        }
        VitalsReport report{identity_of(target), *std::move(vitals), std::nullopt, {}};
        if (!with_limits) {
          return report;
        }
        if (auto info = target.session.ask<protocol::ProcessInfo>({}, deadline)) {
          report.limits = std::move(info->limits);
        }
        return report;
      });
}

/// What other commands cannot see of the process, with the reasons.
Report with_limits(VitalsReport report) {
  std::vector<std::string> limits = std::exchange(report.limits, {});
  Report result{std::move(report)};
  for (std::string& limit : limits) {
    result.notices.push_back({std::move(limit)});
  }
  return result;
}

Result<Report> run(Context& context, const VitalsOptions& options) {
  const bool once = options.interval.count() == 0;
  auto now = sample(context, options.target, once);
  if (!now) {
    return std::move(now).error();
  }
  if (once) {
    return with_limits(*std::move(now));
  }
  // A later sample is of the same process even when another one fits the name by then.
  TargetOptions same;
  same.pid = std::to_string(now->process.pid);
  Rhythm rhythm(options.interval);
  for (std::uint32_t taken = 1; options.count == 0 || taken < options.count; ++taken) {
    const protocol::Vitals::Response before = now->now;
    if (auto emitted = context.emit(Report{*std::move(now)}); !emitted) {
      return std::move(emitted).error();
    }
    rhythm.wait();
    now = sample(context, same, false);
    if (!now) {
      return std::move(now).error();
    }
    now->before = before;
  }
  return Report{*std::move(now)};
}

}  // namespace

Command vitals_command() {
  return {
      .name = "vitals",
      .summary = "Print the numbers one looks at first",
      .description =
          "Prints tasks, OS threads, CPUs, load, memory, uptime, CPU time and open files of one "
          "process.\n\n"
          "With --watch it goes on until the process ends; changes since the sample before stand "
          "in "
          "parentheses. With --json each sample is one line.",
      .examples = {{"xgops vitals -p 4711", "once"},
                   {"xgops vitals -n redis-server --watch 1s", "every second, with changes"},
                   {"xgops vitals 4711 --json | jq .rss_bytes", "one number for a script"}},
      .attach = [](OptionSet& options) -> Action {
        auto parsed = std::make_shared<VitalsOptions>();
        attach_target_options(options, parsed->target);
        options.duration("--watch", parsed->interval, std::chrono::milliseconds(10),
                         "Go on, with one sample every TIME, such as 1s");
        options.number("--count", "N", parsed->count, 1, 1'000'000'000,
                       "With --watch: end after N samples");
        return [parsed](Context& context) { return run(context, *parsed); };
      },
  };
}

}  // namespace xgops::cli
