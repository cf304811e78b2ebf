// SPDX-License-Identifier: MIT
// What leak checks in the program itself call.
#include "leaks/settling.hpp"
#include "xgops/leak_check_abi.h"

#include <cerrno>
#include <exception>
#include <string>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

namespace xgops::leaks {
namespace {

bool makes_sense(const xgops_leak_request& request) {
  if (request.deadline_ns < 0) {
    return false;
  }
  for (std::size_t i = 0; i < request.filter_count; ++i) {
    const xgops_leak_filter& filter = request.filters[i];
    if (filter.text == nullptr || *filter.text == '\0' || filter.kind < XGOPS_LEAK_TOP_FUNCTION ||
        filter.kind > XGOPS_LEAK_LABEL) {
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace xgops::leaks

extern "C" {

XGOPS_EXPORT std::int32_t xgops_leak_verify(const xgops_leak_request* request,
                                            xgops_leak_result* result) {
  using namespace xgops::leaks;  // NOLINT(google-build-using-namespace): of one function.
  *result = {};
  result->size = sizeof *result;
  if (!makes_sense(*request)) {
    return EINVAL;
  }
  if (request->scope != 0 && xgops_leak_scope_live(request->scope) == 0 &&
      request->filter_count == 0) {
    return 0;
  }
  try {
    const Subject subject{xgops::tasks::own_source(), request->scope, request->scope};
    const Outcome outcome = settle(subject, *request, Names::Addresses::kNamed);
    const Leaks& leaks = outcome.leaks;
    result->tasks = leaks.tasks;
    result->threads = leaks.threads;
    result->unseen = leaks.unseen ? 1 : 0;
    result->waited_ns = outcome.waited.count();
    for (const LeakGroup& group : leaks.groups) {
      group.show([&](const xgops_leak_group& view) {
        if (request->on_group != nullptr) {
          request->on_group(request->context, &view);
        }
      });
    }
    for (const std::string& note : outcome.notes) {
      if (request->on_note != nullptr) {
        request->on_note(request->context, note.c_str());
      }
    }
    return 0;
  } catch (const std::exception&) {
    return ENOMEM;
  }
}

XGOPS_EXPORT void xgops_leak_current(void (*add)(void* context, std::int32_t is_thread,
                                                 std::uint64_t id),
                                     void* context) {
  try {
    xgops::leaks::Look look;
    xgops::leaks::LookTables tables;
    look_at_tasks(0, tables, look);
    for (const xgops::leaks::SeenTask& task : look.tasks) {
      add(context, 0, task.id);
    }
    for (const std::uint64_t key : xgops::leaks::thread_keys()) {
      add(context, 1, key);
    }
  } catch (const std::exception&) {
    // What could not be listed is not known: a check reports too much rather than too little.
  }
}

}  // extern "C"
