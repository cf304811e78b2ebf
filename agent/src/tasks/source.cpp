// SPDX-License-Identifier: MIT
#include "tasks/source.hpp"

#include "xgops/tasks_abi.h"

#include <dlfcn.h>

namespace xgops::tasks {
namespace {

/// What `xgops_task_registry` returns. The first word never moves.
struct ExportedSource {
  std::uint64_t layout;  ///< Of all classes that the pointers lead to.
  const Registry* registry;
  const DetailTable* details;
  const PendingTable* pending;
  const LostExceptions* lost_exceptions;
};

/// Differs between versions that must not read each other's memory.
constexpr std::uint64_t layout() noexcept {
  std::uint64_t words = 1;  // To be raised when one of these changes and keeps its size.
  for (const std::size_t bytes :
       {sizeof(Registry), sizeof(DetailTable), sizeof(PendingTable), sizeof(LostExceptions),
        sizeof(xgops_task_record), sizeof(detail::ThreadBlock), sizeof(detail::TaskNode),
        sizeof(detail::TaskNodeWithFunction), sizeof(detail::TaskOperation)}) {
    words = words * 1'000'003 + bytes;
  }
  return words;
}
constexpr std::uint64_t kLayout = layout();

}  // namespace

TaskSource own_source() noexcept {
  return {&registry(), &details(), &pending_operations(), &lost_exceptions()};
}

TaskSource find_source(std::string& problem) {
  using Getter = const void* (*)();
  // The first in the order of the loader: the program's, if it has one, before a preloaded
  // library's.
  const auto getter = reinterpret_cast<Getter>(::dlsym(RTLD_DEFAULT, "xgops_task_registry"));
  if (getter == nullptr || getter == &::xgops_task_registry) {
    return own_source();
  }
  const auto& found = *static_cast<const ExportedSource*>(getter());
  if (found.layout != kLayout) {
    problem =
        "the program registers its tasks with another version of xgops than the preloaded one: "
        "they are not shown; preload the version that the program was built with";
    return own_source();
  }
  return {found.registry, found.details, found.pending, found.lost_exceptions};
}

}  // namespace xgops::tasks

extern "C" [[gnu::visibility("default")]] const void* xgops_task_registry(void) {
  using namespace xgops::tasks;  // NOLINT(google-build-using-namespace): of one function.
  static const ExportedSource source{kLayout, &registry(), &details(), &pending_operations(),
                                     &lost_exceptions()};
  return &source;
}
