// SPDX-License-Identifier: MIT
// What is no leak, because somebody said so.
#include "leaks/leak_groups.hpp"
#include "leaks/well_known.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::leaks {
namespace {

bool any_frame_matches(const std::vector<Frame>& frames, std::string_view pattern) {
  return std::any_of(frames.begin(), frames.end(),
                     [&](const Frame& frame) { return matches(pattern, frame.function); });
}

bool has_label(const std::string& labels, std::string_view wanted) {
  return (' ' + labels + ' ').find(' ' + std::string(wanted) + ' ') != std::string::npos;
}

bool filter_matches(const xgops_leak_filter& filter, const LeakGroup& group) {
  switch (filter.kind) {
    case XGOPS_LEAK_TOP_FUNCTION:
      return !group.frames.empty() && matches(filter.text, group.frames.front().function);
    case XGOPS_LEAK_ANY_FUNCTION:
      return any_frame_matches(group.frames, filter.text);
    case XGOPS_LEAK_CREATED_BY:
      return any_frame_matches(group.created, filter.text);
    case XGOPS_LEAK_THREAD_NAME:
      return group.is_thread && matches(filter.text, group.name);
    case XGOPS_LEAK_TASK_NAME:
      return !group.is_thread && matches(filter.text, group.name);
    case XGOPS_LEAK_LABEL:
      return !group.is_thread && has_label(group.labels, filter.text);
    default:
      return false;
  }
}

}  // namespace

Filters::Filters(const xgops_leak_request& request)
    : request_(request), used_(request.filter_count) {}

bool Filters::ignores(const LeakGroup& group) {
  bool ignored = (request_.flags & XGOPS_LEAK_NO_BUILT_IN) == 0 && is_well_known(group);
  for (std::size_t i = 0; i < request_.filter_count; ++i) {
    if (filter_matches(request_.filters[i], group)) {
      used_[i] = true;
      ignored = true;
    }
  }
  return ignored;
}

bool Filters::ignores_task(std::uint64_t id) const {
  return std::binary_search(request_.known_tasks, request_.known_tasks + request_.known_task_count,
                            id);
}

bool Filters::ignores_thread(pid_t tid) const {
  if (request_.known_thread_count == 0) {
    return false;
  }
  const std::uint64_t key = thread_key(tid);
  return key == 0 ||  // It has just ended.
         std::binary_search(request_.known_threads,
                            request_.known_threads + request_.known_thread_count, key);
}

bool Filters::ignores_one(const LeakGroup& one) const {
  bool ignored = false;
  one.show([&](const xgops_leak_group& view) {
    ignored = request_.ignored(request_.context, &view) != 0;
  });
  return ignored;
}

std::vector<std::string> Filters::unused() const {
  constexpr std::string_view kWords[]{"top function", "any function", "created by",
                                      "thread name",  "task name",    "label"};
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) {
      const xgops_leak_filter& filter = request_.filters[i];
      sentences.push_back("the filter \"" + std::string(kWords[filter.kind]) + " " + filter.text +
                          "\" matched nothing: is it still needed?");
    }
  }
  return sentences;
}

}  // namespace xgops::leaks
