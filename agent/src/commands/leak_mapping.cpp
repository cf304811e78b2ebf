// SPDX-License-Identifier: MIT
#include "commands/leak_mapping.hpp"

#include "commands/thread_mapping.hpp"
#include "leaks/well_known.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::commands {
namespace {

static_assert(static_cast<int>(leaks::Fate::kRunning) ==
              static_cast<int>(protocol::LeakFate::kRunning));
static_assert(static_cast<int>(leaks::Fate::kBlocked) ==
              static_cast<int>(protocol::LeakFate::kBlocked));

/// So that modules and what surrounds the groups always fit in.
constexpr std::size_t kMaxGroupBytes = protocol::kMaxTestReportBytes / 2;

std::string cut(std::string_view text) {
  return std::string(text.substr(0, protocol::kMaxLeakTextBytes));
}

std::vector<protocol::LeakFrame> frames_to_wire(const std::vector<leaks::Frame>& frames) {
  std::vector<protocol::LeakFrame> wire;
  wire.reserve(frames.size());
  for (const leaks::Frame& frame : frames) {
    wire.push_back({frame.address, frame.exact ? protocol::kExactPointer : protocol::kPlainFrame,
                    cut(frame.function), cut(frame.file), frame.line});
  }
  return wire;
}

protocol::LeakGroup group_to_wire(const leaks::LeakGroup& group) {
  protocol::LeakGroup wire;
  wire.is_thread = group.is_thread;
  wire.fate = static_cast<protocol::LeakFate>(group.fate);
  wire.count = group.count;
  wire.ids = group.ids;
  wire.state = cut(group.state);
  wire.object = cut(group.object);
  wire.why = cut(group.why);
  wire.name = cut(group.name);
  wire.labels = cut(group.labels);
  wire.age_ns = group.age_ns;
  wire.frames = frames_to_wire(group.frames);
  wire.created = frames_to_wire(group.created);
  wire.creator = group.creator;
  return wire;
}

std::size_t bytes_of(const std::vector<protocol::LeakFrame>& frames) {
  constexpr std::size_t kFixed = 21;
  std::size_t bytes = 0;
  for (const protocol::LeakFrame& frame : frames) {
    bytes += kFixed + frame.function.size() + frame.file.size();
  }
  return bytes;
}

std::size_t bytes_of(const protocol::LeakGroup& group) {
  constexpr std::size_t kFixed = 66;
  return kFixed + group.ids.size() * sizeof(std::uint64_t) + group.state.size() +
         group.object.size() + group.why.size() + group.name.size() + group.labels.size() +
         bytes_of(group.frames) + bytes_of(group.created);
}

bool points_into(const std::vector<protocol::LeakFrame>& frames, const threads::Module& module) {
  return std::any_of(frames.begin(), frames.end(), [&](const protocol::LeakFrame& frame) {
    return frame.instruction_pointer >= module.begin && frame.instruction_pointer <= module.end;
  });
}

}  // namespace

protocol::TestReport to_wire(const leaks::Outcome& outcome) {
  protocol::TestReport report;
  report.tasks = outcome.leaks.tasks;
  report.threads = outcome.leaks.threads;
  report.unseen = outcome.leaks.unseen;
  report.waited_ns = outcome.waited.count();
  for (const std::string_view function : leaks::library_functions()) {
    report.library.emplace_back(function);
  }
  std::size_t bytes = 0;
  for (const leaks::LeakGroup& group : outcome.leaks.groups) {
    protocol::LeakGroup wire = group_to_wire(group);
    bytes += bytes_of(wire);
    if (report.groups.size() == protocol::kMaxLeakGroups || bytes > kMaxGroupBytes) {
      report.unlisted_groups = outcome.leaks.groups.size() - report.groups.size();
      break;
    }
    report.groups.push_back(std::move(wire));
  }
  for (const threads::Module& module : outcome.modules) {
    const bool is_used =
        std::any_of(report.groups.begin(), report.groups.end(), [&](const auto& group) {
          return points_into(group.frames, module) || points_into(group.created, module);
        });
    if (is_used) {
      report.modules.push_back(to_wire(module));
    }
  }
  return report;
}

}  // namespace xgops::commands
