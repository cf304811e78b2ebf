// SPDX-License-Identifier: MIT
#include "leaks/well_known.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace xgops::leaks {
namespace {

using std::string_view_literals::operator""sv;

// The system keeps 15 characters.
constexpr std::array kThreadNames{
    "xgops"sv,            // Our agent's.
    "jemalloc_bg_thd"sv,  // jemalloc, with background_thread:true.
    "grpc_global_tim"sv,  // gRPC's timers,
    "event_engine"sv,     // and its event engine's threads,
    "default-executo"sv,  // and its executors'.
    "resolver-execut"sv,
};
static_assert(std::all_of(kThreadNames.begin(), kThreadNames.end(),
                          [](std::string_view name) { return name.size() <= 15; }));
constexpr std::array kFunctions{
    // Asio's resolver keeps a thread for as long as its execution context.
    "asio::detail::resolver_service_base::work_scheduler_runner::operator()"sv,
    "boost::asio::detail::resolver_service_base::work_scheduler_runner::operator()"sv,
    "__tsan::BackgroundThread"sv,  // ThreadSanitizer's.
    "__sanitizer::BackgroundThread"sv,
};

}  // namespace

bool is_well_known(const LeakGroup& group) {
  if (!group.is_thread) {
    return false;
  }
  return std::find(kThreadNames.begin(), kThreadNames.end(), group.name) != kThreadNames.end() ||
         std::any_of(group.frames.begin(), group.frames.end(), [](const Frame& frame) {
           return std::find(kFunctions.begin(), kFunctions.end(), frame.function) !=
                  kFunctions.end();
         });
}

std::span<const std::string_view> library_functions() noexcept {
  return kFunctions;
}

}  // namespace xgops::leaks
