// SPDX-License-Identifier: MIT
#include "threads/capture.hpp"
#include "threads/descriptors.hpp"
#include "threads/event_poll.hpp"
#include "threads/module_map.hpp"
#include "threads/runtime.hpp"
#include "threads/self_memory.hpp"
#include "threads/signal_capture.hpp"
#include "threads/stack_collector.hpp"
#include "threads/task_files.hpp"
#include "threads/thread_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using std::chrono::steady_clock;

// 20,000 threads are ten times what one process sensibly has; the answer for them is about 4 MB.
constexpr std::size_t kMaxThreads = 20'000;
constexpr std::size_t kThreadsBetweenChecks = 32;
constexpr std::chrono::milliseconds kSignalDeadline{1000};

std::uint64_t cpu_time_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// Makes the process dumpable while it lives: after a change of user id the kernel hides a
/// process's /proc files from itself.
class DumpableScope {
 public:
  explicit DumpableScope(bool wanted)
      : active_(wanted && ::prctl(PR_GET_DUMPABLE) == 0 && ::prctl(PR_SET_DUMPABLE, 1) == 0) {}
  ~DumpableScope() {
    if (active_) {
      ::prctl(PR_SET_DUMPABLE, 0);
    }
  }
  DumpableScope(const DumpableScope&) = delete;
  DumpableScope& operator=(const DumpableScope&) = delete;

 private:
  bool active_;
};

class EndOfCapture {
 public:
  explicit EndOfCapture(ThreadReader& reader) : reader_(reader) {}
  ~EndOfCapture() { reader_.end_capture(); }
  EndOfCapture(const EndOfCapture&) = delete;
  EndOfCapture& operator=(const EndOfCapture&) = delete;

 private:
  ThreadReader& reader_;
};

}  // namespace

class Inspector::Impl {
 public:
  Impl(const InspectorOptions& options, std::shared_ptr<const Runtime> runtime)
      : options_(options),
        runtime_(std::move(runtime)),
        files_(options.task_directory_fd),
        own_tid_(static_cast<pid_t>(::syscall(SYS_gettid))),
        reader_(files_, *runtime_, own_tid_, options.shared_fd_table),
        signals_(options.signal) {}

  Result<CaptureSummary> capture(const CaptureRequest& request, CaptureSink& sink) {
    const auto begin = steady_clock::now();
    const std::uint64_t cpu_begin = cpu_time_ns();
    const DumpableScope dumpable(options_.make_dumpable);
    Result<std::vector<pid_t>> tids = files_.list();
    if (!tids) {
      return std::move(tids).error();
    }
    CaptureSummary summary;
    std::vector<pid_t> selected = *tids;
    if (request.tid != 0) {
      if (!std::binary_search(tids->begin(), tids->end(), request.tid)) {
        return system_error(ESRCH, "thread " + std::to_string(request.tid));
      }
      selected.assign(1, request.tid);
    }
    if (selected.size() > kMaxThreads) {
      selected.resize(kMaxThreads);
      summary.truncated = true;
    }
    const EndOfCapture end(reader_);
    reader_.begin_capture(*tids, request.max_frames);
    const Result<bool> changed = reader_.refresh_modules();
    if (!changed) {
      return changed.error();
    }
    StackCollector collector(sink, request.stacks);
    collector.modules(reader_.modules());
    if (!read_all(selected, request, collector, summary)) {
      return Error{std::make_error_code(std::errc::operation_canceled), "capture"};
    }
    if (!ask_running(request, collector, summary)) {
      return Error{std::make_error_code(std::errc::operation_canceled), "capture"};
    }
    summary.elapsed_ns = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(steady_clock::now() - begin).count());
    summary.cpu_ns = cpu_time_ns() - cpu_begin;
    return summary;
  }

  [[nodiscard]] std::string describe_descriptor(int fd) {
    return threads::describe_descriptor(files_, host_thread(), fd, options_.shared_fd_table).text;
  }

  [[nodiscard]] EventPollFacts look_into_event_poll(int fd) {
    return threads::look_into_event_poll(files_, host_thread(), fd);
  }

  [[nodiscard]] std::uint64_t caught_signals() {
    std::array<char, 4096> buffer{};
    const auto facts = parse_status(files_.read(own_tid_, "status", buffer));
    const std::uint64_t own =
        options_.signal > 0 ? std::uint64_t{1} << static_cast<unsigned>(options_.signal - 1) : 0;
    return facts ? facts->caught & ~own : 0;
  }

  [[nodiscard]] Result<std::vector<Module>> modules() {
    const Result<bool> changed = reader_.refresh_modules();
    if (!changed) {
      return changed.error();
    }
    return reader_.modules();
  }

  [[nodiscard]] std::vector<std::string> limits() const {
    std::vector<std::string> limits = reader_.limits();
    if (options_.signal != 0 && !signals_.ready()) {
      limits.push_back("the program has replaced the handler of signal " +
                       std::to_string(options_.signal) + ": running threads are not interrupted");
    }
    return limits;
  }

 private:
  /// A main thread that has ended is listed as long as the process lives, but has no descriptors.
  [[nodiscard]] bool has_files(pid_t tid) const { return !files_.read_link(tid, "cwd").empty(); }

  /// A thread that has the host's descriptor table: any but ours, if that has its own. 0: none.
  pid_t host_thread() {
    if (options_.shared_fd_table) {
      return own_tid_;
    }
    if (!has_files(host_tid_)) {
      host_tid_ = 0;
      if (const auto tids = files_.list()) {
        const auto found = std::find_if(tids->begin(), tids->end(), [this](pid_t tid) {
          return tid != own_tid_ && has_files(tid);
        });
        host_tid_ = found == tids->end() ? 0 : *found;
      }
    }
    return host_tid_;
  }

  static bool cancelled(const CaptureRequest& request) {
    return request.cancelled && request.cancelled();
  }

  /// First pass: everything that can be read without disturbing anybody. False: cancelled.
  bool read_all(const std::vector<pid_t>& tids, const CaptureRequest& request,
                StackCollector& collector, CaptureSummary& summary) {
    running_.clear();
    for (std::size_t i = 0; i < tids.size(); ++i) {
      if (i % kThreadsBetweenChecks == 0) {
        if (cancelled(request)) {
          return false;
        }
        if (steady_clock::now() >= request.deadline) {
          summary.truncated = true;
          return true;
        }
      }
      ThreadReading reading = reader_.read(tids[i]);
      switch (reading.outcome) {
        case ReadOutcome::kGone:
          ++summary.dropped;
          break;
        case ReadOutcome::kDone:
          collector.thread(std::move(reading));
          break;
        case ReadOutcome::kRunning:
          running_.push_back(std::move(reading));
          break;
      }
    }
    return true;
  }

  /// Second pass: the threads that ran. False: cancelled.
  bool ask_running(const CaptureRequest& request, StackCollector& collector,
                   CaptureSummary& summary) {
    const bool may_signal = request.stacks && request.interrupt && signals_.ready();
    const char* const why_not = !request.interrupt
                                    ? "running, and the request forbids interrupting it"
                                    : "running, and no signal may be used";
    std::vector<ThreadReading> batch;
    bool ranges_published = false;
    for (ThreadReading& reading : running_) {
      if (!request.stacks) {
        collector.thread(std::move(reading));
        continue;
      }
      // It ran when it was looked at; a signal would end a call in which it waits by now.
      if (may_signal && reader_.sleeps(reading.stack.facts.tid)) {
        ThreadReading again = reader_.read(reading.stack.facts.tid);
        if (again.outcome == ReadOutcome::kGone) {
          ++summary.dropped;
          continue;
        }
        if (again.outcome == ReadOutcome::kDone) {
          collector.thread(std::move(again));
          continue;
        }
        reading = std::move(again);
      }
      std::string refusal =
          may_signal ? reader_.reason_not_to_signal(reading.stack.facts.tid, signals_.signal())
                     : std::string(why_not);
      if (!refusal.empty()) {
        collector.thread(reader_.unavailable(std::move(reading), std::move(refusal)));
        continue;
      }
      if (!ranges_published) {
        signals_.set_stack_ranges(reader_.stack_ranges());
        signals_.use_alternate_stacks(reader_.has_go());
        ranges_published = true;
      }
      batch.push_back(std::move(reading));
      if (batch.size() == SignalCapture::kBatch) {
        if (cancelled(request)) {
          return false;
        }
        ask_batch(batch, request, collector, summary);
      }
    }
    if (!batch.empty()) {
      ask_batch(batch, request, collector, summary);
    }
    if (ranges_published) {
      signals_.release();
    }
    return true;
  }

  void ask_batch(std::vector<ThreadReading>& batch, const CaptureRequest& request,
                 StackCollector& collector, CaptureSummary& summary) {
    std::vector<pid_t> tids;
    tids.reserve(batch.size());
    for (const ThreadReading& reading : batch) {
      tids.push_back(reading.stack.facts.tid);
    }
    const auto deadline = std::min(request.deadline, steady_clock::now() + kSignalDeadline);
    const std::vector<SignalAnswer> answers =
        signals_.ask(tids, deadline, [this](pid_t tid) { return files_.exists(tid); });
    for (std::size_t i = 0; i < batch.size(); ++i) {
      finish_signalled(std::move(batch[i]), answers[i], collector, summary);
    }
    batch.clear();
  }

  void finish_signalled(ThreadReading reading, const SignalAnswer& answer,
                        StackCollector& collector, CaptureSummary& summary) {
    const pid_t tid = reading.stack.facts.tid;
    switch (answer.outcome) {
      case SignalOutcome::kExited:
        ++summary.dropped;
        return;
      case SignalOutcome::kAnswered:
        ++summary.interrupted;
        collector.thread(reader_.from_signal(std::move(reading), answer));
        return;
      default:
        break;
    }
    // It may have gone to sleep meanwhile, and then it can be read after all.
    ThreadReading again = reader_.read(tid);
    if (again.outcome == ReadOutcome::kGone) {
      ++summary.dropped;
    } else if (again.outcome == ReadOutcome::kDone) {
      collector.thread(std::move(again));
    } else {
      again.stack.facts.wait.reason = WaitReason::kRunnable;
      const char* const why =
          answer.outcome == SignalOutcome::kNotQueued
              ? "runnable; the limit of pending signals (RLIMIT_SIGPENDING) is used up"
          : answer.outcome == SignalOutcome::kRefused
              ? "runnable; the system refused the signal"
              : "runnable, but got no CPU before the deadline";
      collector.thread(reader_.unavailable(std::move(again), why));
    }
  }

  InspectorOptions options_;
  std::shared_ptr<const Runtime> runtime_;
  TaskFiles files_;
  pid_t own_tid_;
  pid_t host_tid_ = 0;
  ThreadReader reader_;
  SignalCapture signals_;
  std::vector<ThreadReading> running_;
};

Inspector::Inspector(InspectorOptions options, std::shared_ptr<const Runtime> runtime)
    : impl_(std::make_unique<Impl>(options, std::move(runtime))) {}

Inspector::~Inspector() = default;

Result<CaptureSummary> Inspector::capture(const CaptureRequest& request, CaptureSink& sink) {
  return impl_->capture(request, sink);
}

std::vector<std::string> Inspector::limits() const {
  return impl_->limits();
}

EventPollFacts Inspector::look_into_event_poll(int fd) {
  return impl_->look_into_event_poll(fd);
}

std::uint64_t Inspector::caught_signals() {
  return impl_->caught_signals();
}

std::string Inspector::describe_descriptor(int fd) {
  return impl_->describe_descriptor(fd);
}

Result<std::vector<Module>> Inspector::modules() {
  return impl_->modules();
}

}  // namespace xgops::threads
