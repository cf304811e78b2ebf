// SPDX-License-Identifier: MIT
// Rules about coroutines themselves: lost-exception, large-frame.
#include "findings/rules.hpp"
#include "support/duration.hpp"
#include "xgops/symbolize/function_name.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace xgops::cli {
namespace {

constexpr std::size_t kMostExamples = 3;
constexpr std::uint32_t kLargeFrame = 4096;

std::string place_text(const protocol::SourceLocation& place) {
  std::string text = symbolize::readable_function(place.function);
  if (!place.file.empty()) {
    text += (text.empty() ? "" : " at ") + place.file + ":" + std::to_string(place.line);
  }
  return text;
}

std::string kibibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / 1024;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " KiB";
}

}  // namespace

std::vector<Finding> find_lost_exceptions(const Analysis& analysis) {
  const Look& look = analysis.second != nullptr ? analysis.second->look() : analysis.first.look();
  std::vector<Finding> findings;
  for (const protocol::LostException& lost : look.lost_exceptions) {
    Finding finding;
    finding.rule = "lost-exception";
    finding.severity = Severity::kWarning;
    const bool one = lost.count == 1;
    finding.sentence =
        (one ? "a task" : std::to_string(lost.count) + " tasks") + " created " +
        (lost.created.file.empty() ? "somewhere" : "in " + place_text(lost.created)) +
        " ended with an exception, and nobody was told";
    std::string last =
        (one ? "it was task " : "the last was task ") + std::to_string(lost.last_task);
    last += lost.task_name.empty() ? "" : " \"" + lost.task_name + '"';
    last += ", " + age_text(lost.last_age_ns) + " ago: " + symbolize::readable_type(lost.type);
    last += lost.what.empty() ? "" : ": " + lost.what;
    finding.notes.push_back(std::move(last));
    if (!lost.place.file.empty()) {
      finding.notes.push_back("it had last waited in " + place_text(lost.place));
    }
    findings.push_back(std::move(finding));
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.sentence < b.sentence; });
  return findings;
}

std::vector<Finding> find_large_frames(const Analysis& analysis) {
  const Look& look = analysis.first.look();
  if (!look.stacks.tasks) {
    return {};
  }
  const TaskTable& table = *look.stacks.tasks;
  struct Large {
    std::uint32_t bytes = 0;
    std::uint64_t count = 0;
    std::vector<Who> who;
  };
  std::map<std::uint32_t, Large> by_place;
  for (std::size_t i = 0; i < table.tasks.size(); ++i) {
    const std::uint32_t id = table.tasks[i].chain;
    const auto& bytes = table.frame_bytes_of(id);
    for (std::size_t frame = 0; frame < bytes.size(); ++frame) {
      if (bytes[frame] < kLargeFrame) {
        continue;
      }
      Large& large = by_place[table.chain(id)[frame]];
      large.bytes = std::max(large.bytes, bytes[frame]);
      ++large.count;
      if (large.who.size() < kMostExamples) {
        large.who.push_back({false, i});
      }
    }
  }
  std::vector<Finding> findings;
  for (auto& [place_id, large] : by_place) {
    Finding finding;
    finding.rule = "large-frame";
    finding.severity = Severity::kWarning;
    const SourcePlace& place = table.place(place_id);
    finding.sentence =
        "the coroutine frame of " +
        (place.function.empty() ? std::string("a function that has not waited yet")
                                : place.function) +
        " has " + kibibytes(large.bytes) + "; " + std::to_string(large.count) +
        (large.count == 1 ? " task has one"
                          : " tasks have one each, " +
                                kibibytes(std::uint64_t{large.bytes} * large.count) + " together");
    finding.unlisted = large.count - large.who.size();
    finding.members = std::move(large.who);
    finding.notes.emplace_back("what is large and alive across a co_await lies in the frame");
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace xgops::cli
