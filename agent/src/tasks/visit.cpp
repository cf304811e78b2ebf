// SPDX-License-Identifier: MIT
// Tasks for the program itself: xgops::visit_tasks and xgops::print_stacks.
#include "support/write_all.hpp"
#include "tasks/details.hpp"
#include "tasks/operation_names.hpp"
#include "tasks/snapshot.hpp"
#include "tasks/source_text.hpp"
#include "xgops/tasks_abi.h"

#include <cstdint>
#include <exception>
#include <string>
#include <unordered_map>
#include <vector>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

namespace xgops::tasks {
namespace {

constexpr std::size_t kMaxFrames = 128;

std::int32_t state_number(const TaskSighting& task, WaitReason reason) {
  switch (task.state) {
    case detail::kTaskRunning:
      return 2;
    case detail::kTaskWaiting:
      return reason == WaitReason::kPost ? 1 : 3;
    default:
      return 0;
  }
}

/// Turns sightings into views, remembering texts by address.
class Viewer {
 public:
  /// Valid until the next call.
  const xgops_task_view& view(const TaskSighting& task) {
    xgops_task_view& out = view_;
    out = {};
    out.size = sizeof out;
    out.id = task.id;
    out.parent = task.parent;
    out.tid = static_cast<std::int32_t>(task.tid);
    out.resumed = task.resumed;
    Details extra;
    details_ = details().read_of(task.record, task.id, extra) ? extra : Details{};
    out.name = details_.name.data();
    labels_ = details().labels(details_.labels);
    out.labels = labels_.c_str();
    const WaitDescription* const wait =
        task.state == detail::kTaskWaiting ? &wait_of(task.operation) : nullptr;
    wait_.clear();
    if (wait != nullptr) {
      wait_ = wait->detail.empty() || wait->reason == WaitReason::kUnknown
                  ? std::string(words_of(wait->reason))
                  : wait->detail;
    }
    out.wait = wait_.c_str();
    out.state = state_number(task, wait == nullptr ? WaitReason::kNone : wait->reason);
    out.age_ns = -1;
    if (task.state != detail::kTaskRunning) {
      out.age_ns = age_between(task.since, detail::coarse_ticks());
    }
    const SourcePlace& created = place_of(task.created_at, 0);
    out.created_file = created.file.c_str();
    out.created_line = created.line;
    add_frames(task);
    return out;
  }

 private:
  const WaitDescription& wait_of(std::uint64_t operation) {
    const auto [entry, is_new] = waits_.try_emplace(operation);
    if (is_new) {
      entry->second = describe_operation_at(operation);
    }
    return entry->second;
  }
  const SourcePlace& place_of(std::uint64_t location, std::uint64_t function) {
    const auto [entry, is_new] = places_.try_emplace(location);
    if (is_new) {
      entry->second = place_at(location, function);
    }
    return entry->second;
  }
  void add_frames(const TaskSighting& task) {
    files_.clear();
    functions_.clear();
    lines_.clear();
    for (const FrameSite& site : task.frames) {
      const SourcePlace& place = place_of(site.location, site.function);
      files_.push_back(place.file.c_str());
      functions_.push_back(place.function.c_str());
      lines_.push_back(place.line);
    }
    view_.frame_count = static_cast<std::uint32_t>(files_.size());
    view_.frame_files = files_.data();
    view_.frame_functions = functions_.data();
    view_.frame_lines = lines_.data();
  }

  xgops_task_view view_{};
  Details details_;
  std::string labels_;
  std::string wait_;
  std::unordered_map<std::uint64_t, WaitDescription> waits_;
  std::unordered_map<std::uint64_t, SourcePlace> places_;
  std::vector<const char*> files_;
  std::vector<const char*> functions_;
  std::vector<std::uint32_t> lines_;
};

std::string text_of(const xgops_task_view& task) {
  constexpr const char* kStates[]{"created", "queued", "running", "waiting"};
  std::string text = "task " + std::to_string(task.id);
  if (*task.name != '\0') {
    text += std::string(" \"") + task.name + '"';
  }
  text += " [";
  text += *task.wait != '\0' ? task.wait : kStates[task.state];
  if (task.tid != 0) {
    text += " on thread " + std::to_string(task.tid);
  }
  if (task.age_ns >= 0) {
    text += ", " + std::to_string(task.age_ns / 1'000'000) + " ms";
  }
  text += "]:\n";
  for (std::uint32_t i = 0; i < task.frame_count; ++i) {
    text += std::string("  ") + (*task.frame_functions[i] == '\0' ? "?" : task.frame_functions[i]) +
            "\n      " + task.frame_files[i] + ':' + std::to_string(task.frame_lines[i]) + '\n';
  }
  if (*task.created_file != '\0') {
    text += std::string("  created at ") + task.created_file + ':' +
            std::to_string(task.created_line) + '\n';
  }
  return text + '\n';
}

}  // namespace
}  // namespace xgops::tasks

extern "C" {

XGOPS_EXPORT void xgops_task_visit(xgops_task_visitor visitor, void* context) {
  try {
    xgops::tasks::TaskReader reader(xgops::tasks::registry());
    xgops::tasks::Viewer viewer;
    bool go_on = true;
    xgops::tasks::SnapshotOptions options;
    options.max_frames = xgops::tasks::kMaxFrames;
    options.cancelled = [&] { return !go_on; };
    reader.read(options, [&](const xgops::tasks::TaskSighting& task) {
      go_on = go_on && visitor(context, &viewer.view(task)) != 0;
    });
  } catch (const std::exception&) {
    // Without memory there is nothing to show.
  }
}

XGOPS_EXPORT std::int32_t xgops_print_stacks(std::int32_t fd) {
  struct Output {
    int fd;
    int error;
  } output{fd, 0};
  xgops_task_visit(
      [](void* context, const xgops_task_view* task) -> std::int32_t {
        auto& out = *static_cast<Output*>(context);
        out.error = xgops::support::write_all(out.fd, xgops::tasks::text_of(*task));
        return out.error == 0 ? 1 : 0;
      },
      &output);
  return output.error;
}

}  // extern "C"
