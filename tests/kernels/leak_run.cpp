// SPDX-License-Identifier: MIT
#include "leak_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using xgops::LeakFate;
using xgops::LeakGroup;
using xgops::LeakOptions;
using xgops::LeakReport;

struct Count {
  std::uint64_t all = 0;
  std::uint64_t blocked = 0;
};

std::string with_count(std::string_view words, std::uint64_t count) {
  return std::string(words) + (count == 1 ? "" : " x" + std::to_string(count));
}

/// Whether a person finds it: where it waits, and where it was created if that is recorded.
bool is_located(const LeakGroup& group) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
  static const bool has_stacks = std::getenv("XGOPS_TASK_STACKS") != nullptr;
  const auto has_place = [](const std::vector<xgops::LeakFrame>& frames) {
    return std::any_of(frames.begin(), frames.end(), [](const xgops::LeakFrame& frame) {
      return frame.line > 0 && frame.file.find("kernels/") != std::string::npos;
    });
  };
  // A task that runs is shown without a place until it suspends.
  return (!has_stacks || has_place(group.created)) &&
         (group.state == "running" || has_place(group.frames));
}

}  // namespace

int runs() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
  const char* const text = std::getenv("XGOPS_KERNEL_RUNS");
  return text == nullptr ? 1 : std::max(1, static_cast<int>(std::strtol(text, nullptr, 10)));
}

const std::vector<std::string_view>& words_for(std::string_view reason) {
  static const std::map<std::string_view, std::vector<std::string_view>> all{
      {"chan_send", {"channel send"}},
      {"chan_recv", {"channel receive"}},
      {"chan_send_nil", {"channel send"}},
      {"chan_recv_nil", {"channel receive"}},
      {"select", {"select"}},
      {"select_empty", {"select"}},
      {"mutex_lock", {"mutex lock"}},
      {"rwlock_rlock", {"rwlock read"}},
      {"rwlock_wlock", {"rwlock write"}},
      {"waitgroup_wait", {"wait group"}},
      {"cond_wait", {"condition wait"}},
      {"sleep", {"timer"}},
      {"timer", {"timer"}},
      {"io", {"socket receive", "socket read"}},
      {"running", {"running", "queued"}},
      // Between two turns it waits for its place in the queue.
      {"yielding", {"running", "queued", "asynchronous operation"}},
  };
  return all.at(reason);
}

void compare(const LeakReport& report, const std::vector<Leak>& expected, Row& row) {
  std::map<std::string, Count> got;
  bool fits = true;
  for (const LeakGroup& group : report.groups) {
    Count& count = got[group.state];
    count.all += group.count;
    if (group.fate == LeakFate::kBlockedForGood) {
      count.blocked += group.count;
      row.blocked += group.count;
      row.why = row.why.empty() ? group.why : row.why;
    }
    fits = fits && is_located(group);
  }
  std::uint64_t total = 0;
  std::string wanted;
  for (const Leak& leak : expected) {
    total += leak.count;
    Count sum;
    std::string_view shown = words_for(leak.reason).front();
    for (const std::string_view words : words_for(leak.reason)) {
      if (const auto found = got.find(std::string(words)); found != got.end()) {
        sum.all += found->second.all;
        sum.blocked += found->second.blocked;
        shown = words;
      }
    }
    wanted += (wanted.empty() ? "" : ", ") + with_count(shown, leak.count);
    fits = fits && sum.all == leak.count && sum.blocked == leak.blocked;
  }
  std::string seen;
  for (const auto& [words, count] : got) {
    seen += (seen.empty() ? "" : ", ") + with_count(words, count.all);
  }
  const std::uint64_t leaked = report.tasks + report.threads;
  row.leaked = std::to_string(total) + " / " + std::to_string(leaked);
  row.reason = (wanted.empty() ? "-" : wanted) + " / " + (seen.empty() ? "-" : seen);
  row.is_found = leaked > 0;
  row.is_as_expected = fits && leaked == total && report.errors.empty() && report.notes.empty();
}

std::uint64_t verdicts_now() {
  const LeakReport report = xgops::verify_none(LeakOptions().within(0ms).without_threads());
  std::uint64_t verdicts = 0;
  for (const LeakGroup& group : report.groups) {
    verdicts += group.fate == LeakFate::kBlockedForGood ? group.count : 0;
  }
  return verdicts;
}

LeakOptions patience_for(const std::vector<Leak>& leaks) {
  const bool all_blocked = std::all_of(leaks.begin(), leaks.end(),
                                       [](const Leak& leak) { return leak.blocked == leak.count; });
  return LeakOptions().within(all_blocked ? 10s : std::chrono::nanoseconds(20ms));
}

}  // namespace kernels
