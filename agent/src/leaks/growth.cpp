// SPDX-License-Identifier: MIT
// Watches for groups of tasks that grow.
#include "leaks/look.hpp"
#include "leaks/names.hpp"
#include "leaks/scoped_threads.hpp"
#include "support/event.hpp"
#include "support/later.hpp"
#include "support/service_thread.hpp"
#include "xgops/task_growth_abi.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <pthread.h>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

namespace xgops::leaks {
namespace {

/// Where they were created, what they wait for and where.
using Site = std::tuple<std::uint64_t, const WaitWords*, std::uint32_t>;

struct Crowd {
  std::uint64_t count = 0;
  std::int64_t oldest_ns = -1;
};

/// Samples on a thread of its own.
class GrowthMonitor {
 public:
  explicit GrowthMonitor(const xgops_growth_options& options) : options_(options) {}

  [[nodiscard]] bool start() {
    const Result<pthread_t> thread = start_outside_of_scopes(&GrowthMonitor::run, this);
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
    Look look;
    look_at_tasks(0, tables_, look);
    std::map<Site, Crowd> now;
    for (const SeenTask& task : look.tasks) {
      Crowd& crowd = now[{task.created_at, task.wait, task.chain}];
      ++crowd.count;
      crowd.oldest_ns = std::max(crowd.oldest_ns, task.age_ns);
    }
    for (const auto& [site, crowd] : now) {
      const auto before = counts_.find(site);
      const std::uint64_t known = before == counts_.end() ? 0 : before->second.count;
      if (has_sample_ && crowd.count > known && crowd.count - known > options_.threshold) {
        tell(site, known, crowd);
      }
    }
    counts_ = std::move(now);
    has_sample_ = true;
  }

  void tell(const Site& site, std::uint64_t before, const Crowd& crowd) {
    const auto& [created_at, wait, chain] = site;
    std::vector<xgops_leak_frame> frames;
    for (const tasks::FrameSite& frame : tables_.chains.at(chain)) {
      const Frame& place = names_.place(frame.location, frame.function);
      frames.push_back({place.function.c_str(), place.file.c_str(), place.line});
    }
    const Frame& created = names_.place(created_at, 0);
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
  LookTables tables_;
  Names names_;
  std::map<Site, Crowd> counts_;
  bool has_sample_ = false;
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
