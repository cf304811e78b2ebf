// SPDX-License-Identifier: MIT
// Watches for groups of tasks that grow.
#include "leaks/crowds.hpp"
#include "leaks/names.hpp"
#include "leaks/scoped_threads.hpp"
#include "support/event.hpp"
#include "support/later.hpp"
#include "support/service_thread.hpp"
#include "xgops/task_growth_abi.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include <pthread.h>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

namespace xgops::leaks {
namespace {

/// Samples on a thread of its own.
class GrowthMonitor {
 public:
  explicit GrowthMonitor(const xgops_growth_options& options) : options_(options) {}

  [[nodiscard]] bool start() {
    const Result<pthread_t> thread =
        start_outside_of_scopes(&GrowthMonitor::run, this, support::service_stack_bytes());
    if (thread) {
      thread_ = *thread;
    }
    return static_cast<bool>(thread);
  }
  /// False: the monitor's own callback asks; then it must stay.
  [[nodiscard]] bool stop() noexcept {
    done_.set();
    if (::pthread_equal(::pthread_self(), thread_) != 0) {
      ::pthread_detach(thread_);
      return false;
    }
    ::pthread_join(thread_, nullptr);
    return true;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static void* run(void* self) noexcept {
    auto& monitor = *static_cast<GrowthMonitor*>(self);
    support::become_service_thread();
    const std::chrono::nanoseconds interval(monitor.options_.interval_ns);
    Clock::time_point next = Clock::now();
    do {
      try {
        monitor.sample();
      } catch (const std::exception&) {
        // Without memory this sample is left out.
      }
      next = support::later(next, interval);
    } while (!monitor.done_.wait_until(next));
    return nullptr;
  }

  void sample() {
    crowds_.look(options_.threshold,
                 [this](const Crowds::Site& site, std::uint64_t before,
                        const Crowds::Crowd& crowd) { tell(site, before, crowd); });
  }

  void tell(const Crowds::Site& site, std::uint64_t before, const Crowds::Crowd& crowd) {
    const auto& [created_at, wait, chain] = site;
    Names names;
    std::vector<xgops_leak_frame> frames;
    for (const tasks::FrameSite& frame : crowds_.chains().at(chain)) {
      const Frame& place = names.place(frame.location, frame.function);
      frames.push_back({place.function.c_str(), place.file.c_str(), place.line});
    }
    const Frame& created = names.place(created_at, 0);
    xgops_growth growth{};
    growth.size = sizeof growth;
    growth.before = before;
    growth.now = crowd.count;
    growth.oldest_ns = crowd.oldest_ns;
    growth.state = wait == nullptr ? "" : wait->words.c_str();
    growth.created = {created.function.c_str(), created.file.c_str(), created.line};
    growth.frames = frames.data();
    growth.frame_count = static_cast<std::uint32_t>(frames.size());
    options_.on_growth(options_.context, &growth);
  }

  const xgops_growth_options options_;
  Crowds crowds_;
  pthread_t thread_{};
  support::Event done_;
};

}  // namespace
}  // namespace xgops::leaks

extern "C" {

XGOPS_EXPORT void* xgops_growth_begin(const xgops_growth_options* options) {
  using xgops::leaks::GrowthMonitor;
  try {
    if (options->interval_ns <= 0 || options->on_growth == nullptr) {
      return nullptr;
    }
    auto monitor = std::make_unique<GrowthMonitor>(*options);
    return monitor->start() ? monitor.release() : nullptr;
  } catch (const std::exception&) {
    return nullptr;
  }
}

XGOPS_EXPORT void xgops_growth_end(void* monitor) {
  if (monitor != nullptr) {
    std::unique_ptr<xgops::leaks::GrowthMonitor> ended(
        static_cast<xgops::leaks::GrowthMonitor*>(monitor));
    if (!ended->stop()) {
      (void)ended.release();
    }
  }
}

}  // extern "C"
