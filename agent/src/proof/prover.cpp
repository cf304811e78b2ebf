// SPDX-License-Identifier: MIT
#include "proof/prover.hpp"

#include "proof/doubt.hpp"
#include "proof/glibc_heap.hpp"
#include "proof/heap_blocks.hpp"
#include "proof/kernel_roots.hpp"
#include "proof/memory_map.hpp"
#include "proof/reasons.hpp"
#include "proof/roots.hpp"
#include "proof/stop.hpp"
#include "signal_safe/capture_slot.hpp"
#include "signal_safe/park_slot.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStopPatience{100};
constexpr std::chrono::milliseconds kBetweenLooks{20};
constexpr std::chrono::microseconds kBetweenStops{100};
constexpr int kMostStops = 200;
// For which threads may stand still in vain, because one of them was within the allocator.
constexpr std::chrono::milliseconds kMostInVain{200};
constexpr int kMostTries = 5;
// For looking at descriptors and threads while they stand still.
constexpr std::chrono::milliseconds kMostLooking{200};
// Measured: a page of 4 KiB that fork has to note, a thread that is stopped and looked at, a
// descriptor, a look without any of them.
constexpr std::uint64_t kPagePauseNs = 100;
constexpr std::uint64_t kThreadPauseNs = 25'000;
constexpr std::uint64_t kDescriptorPauseNs = 2'000;
constexpr std::uint64_t kLeastPauseNs = 400'000;
constexpr std::uint64_t kPageBytes = 4096;

constexpr const char* kDirectIoProblem =
    "devices may be writing to the program's memory (io_uring, libaio, O_DIRECT): before Linux 6.5 "
    "what they write may get lost when a child is made";

std::uint64_t since(steady_clock::time_point begin) {
  const nanoseconds passed = steady_clock::now() - begin;
  return static_cast<std::uint64_t>(passed.count());
}

bool read_map(MemoryMap& map) noexcept {
  const support::UniqueFd fd(::open("/proc/thread-self/smaps", O_RDONLY | O_CLOEXEC));
  return fd && map.read(fd.get());
}

/// The worse of two: by the program, by others, by nobody.
const TaskFinding& worse(const TaskFinding& a, const TaskFinding& b) {
  return a.reached >= b.reached ? a : b;
}

}  // namespace

struct Prover::Look {
  ScanTotals totals;
  std::vector<TaskFinding> findings;
  pid_t unstopped = 0;
};

ProofEstimate Prover::estimate() const {
  const auto scratch = std::make_unique<Scratch>();
  MemoryMap map(*scratch);
  ProofEstimate estimate;
  std::uint64_t pages = 0;
  if (!read_map(map)) {
    return estimate;
  }
  for (const Mapping& mapping : map.mappings()) {
    if (mapping.kind == MappingKind::kDevice || mapping.kind == MappingKind::kSystem) {
      continue;
    }
    pages += mapping.shared ? 0 : mapping.changed_bytes / kPageBytes;
    if (mapping.readable) {
      estimate.scan_bytes += mapping.shared && !mapping.huge_pages ? resident_bytes(mapping.range)
                                                                   : mapping.changed_bytes;
    }
  }
  StoppedThreads threads(*scratch, options_.task_directory_fd, options_.signal);
  estimate.threads =
      threads.prepare(options_.seccomp_filters) ? static_cast<std::uint32_t>(threads.known()) : 0;
  const std::size_t descriptors = count_descriptors(options_.task_directory_fd, threads.first());
  estimate.pause_ns = kLeastPauseNs + pages * kPagePauseNs + estimate.threads * kThreadPauseNs +
                      descriptors * kDescriptorPauseNs;
  constexpr std::uint64_t kTableShare = 50;
  estimate.child_bytes = estimate.scan_bytes / kTableShare + (std::uint64_t{4} << 20);
  estimate.worst_bytes = estimate.child_bytes + pages * kPageBytes;
  return estimate;
}

/// All that one look needs, made while the program runs.
class Prover::Session {
 public:
  Session(const ProverOptions& options, ProofCosts& costs)
      : options_(options),
        costs_(costs),
        threads_(*scratch_, options.task_directory_fd, options.signal),
        child_(options.fork) {}

  /// Why there can be no look; null: there can.
  [[nodiscard]] const char* prepare();
  /// Stops the program until there is a copy of it.
  [[nodiscard]] std::string copy(steady_clock::time_point deadline);
  [[nodiscard]] std::string finish(steady_clock::time_point deadline,
                                   const std::function<bool()>& cancelled, Look& out);

 private:
  enum class Stop : std::uint8_t {
    kCopied,
    kAgain,   ///< A thread was in the allocator.
    kNotAll,  ///< A thread went on.
    kRefused,
    kOverrun,
    kDirectIo,
  };
  /// `despite_threads`: even if some of them go on.
  [[nodiscard]] Stop stop_once(bool despite_threads) noexcept;
  [[nodiscard]] Stop start_child(bool all_stopped) noexcept;

  const ProverOptions& options_;
  ProofCosts& costs_;
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  GlibcHeap heap_;
  std::optional<HeapProbe> probe_;
  StoppedThreads threads_;
  KernelRoots kernel_{*scratch_};
  ScratchArray<Range> hidden_{*scratch_};
  SnapshotChild child_;
  std::uint32_t doubts_ = 0;
  std::uint64_t in_vain_ns_ = 0;
  std::uint64_t not_all_ns_ = 0;
  int error_ = 0;
};

const char* Prover::Session::prepare() {
  if (own_seccomp_filters(options_.task_directory_fd) > options_.seccomp_filters) {
    return "the program confined itself with seccomp since the agent began: it might be killed for "
           "making a child";
  }
  MemoryMap map(*scratch_);
  if (!read_map(map)) {
    return "/proc/self/smaps cannot be read";
  }
  heap_ = find_glibc_heap(map);
  if (heap_.problem != nullptr) {
    return heap_.problem;
  }
  for (const Mapping& mapping : map.mappings()) {
    doubts_ |= doubts_of(mapping);  // What fork leaves out, the child cannot see.
  }
  if ((doubts_ & kAsynchronousIoUsed) != 0 && !fork_spares_direct_io()) {
    return kDirectIoProblem;
  }
  probe_.emplace(heap_);
  // From here to the end of `copy` nothing may be allocated: the probe knows the cache.
  const bool ready =
      probe_->complete() && child_.prepare() && threads_.prepare(options_.seccomp_filters);
  if (!ready) {
    return "there are not enough memory or descriptors to look";
  }
  kernel_.prepare(options_.task_directory_fd, threads_.first());
  return kernel_.has_direct_io() && !fork_spares_direct_io() ? kDirectIoProblem : nullptr;
}

Prover::Session::Stop Prover::Session::start_child(bool all_stopped) noexcept {
  using signal_safe::g_capture;
  using signal_safe::g_park;
  const auto range = [](const auto* first, std::size_t count) {
    return Range{reinterpret_cast<std::uint64_t>(first),
                 reinterpret_cast<std::uint64_t>(first + count)};
  };
  const LookLimit limit(
      steady_clock::now() + kMostLooking,
      [](const void* threads) { return static_cast<const StoppedThreads*>(threads)->held(); },
      &threads_);
  kernel_.collect(options_.task_directory_fd,
                  threads_.threads().empty() ? threads_.first() : threads_.threads()[0]->tid,
                  threads_.threads(), limit);
  if (!threads_.held()) {
    return Stop::kOverrun;
  }
  if (kernel_.has_direct_io() && !fork_spares_direct_io()) {
    return Stop::kDirectIo;
  }
  hidden_.clear();
  hidden_.push(range(g_park.slots, signal_safe::kMostParked));
  hidden_.push(range(g_capture.slots, g_capture.slots == nullptr ? 0 : signal_safe::kSlotCount));
  for (const Range& each : scratch_->ranges()) {
    hidden_.push(each);
  }
  const std::uint32_t doubts = doubts_ | kernel_.doubts() |
                               (all_stopped ? kNoDoubt : kThreadNotStopped) |
                               (scratch_->failed() ? kOutOfMemory : kNoDoubt);
  const bool started = child_.start({.heap = &heap_,
                                     .probe = &*probe_,
                                     .tasks = &options_.tasks,
                                     .threads = threads_.threads(),
                                     .own_thread_pointer = own_thread_pointer(),
                                     .own_tid = ::gettid(),
                                     .kernel_words = kernel_.words().view(),
                                     .kernel_bytes = kernel_.bytes().view(),
                                     .hidden = hidden_.view(),
                                     .doubts = doubts});
  return started ? Stop::kCopied : Stop::kRefused;
}

Prover::Session::Stop Prover::Session::stop_once(bool despite_threads) noexcept {
  const auto begin = steady_clock::now();
  const bool all_stopped = threads_.stop(kStopPatience);
  Stop stop = Stop::kNotAll;
  if (all_stopped || despite_threads) {
    stop = any_arena_is_locked(heap_) ? Stop::kAgain : start_child(all_stopped);
  }
  error_ = errno;
  const bool held = threads_.held();
  threads_.release();
  const std::uint64_t pause = since(begin);
  costs_.pause_ns += pause;
  costs_.longest_pause_ns = std::max(costs_.longest_pause_ns, pause);
  ++costs_.stops;
  in_vain_ns_ += stop == Stop::kAgain ? pause : 0;
  not_all_ns_ += stop == Stop::kNotAll ? pause : 0;
  return held || stop != Stop::kCopied ? stop : Stop::kOverrun;
}

std::string Prover::Session::copy(steady_clock::time_point deadline) {
  int not_all = 0;
  for (int i = 0; i < kMostStops && nanoseconds(in_vain_ns_) < kMostInVain; ++i) {
    if (steady_clock::now() >= deadline) {
      return child_problem(ChildOutcome::kLate);
    }
    switch (stop_once(not_all == kMostTries || nanoseconds(not_all_ns_) >= kMostInVain)) {
      case Stop::kCopied:
        return {};
      case Stop::kRefused:
        return "the system refuses a child process: " + std::generic_category().message(error_);
      case Stop::kOverrun:
        return "the threads stood still for too long";
      case Stop::kDirectIo:
        return kDirectIoProblem;
      case Stop::kNotAll:
        ++not_all;
        [[fallthrough]];
      case Stop::kAgain:
        std::this_thread::sleep_for(kBetweenStops);
    }
  }
  return heap_problem(static_cast<std::uint32_t>(HeapFault::kLocked));
}

std::string Prover::Session::finish(steady_clock::time_point deadline,
                                    const std::function<bool()>& cancelled, Look& out) {
  out.unstopped = threads_.unstopped();
  const ChildOutcome outcome = child_.finish(deadline, cancelled, out.totals, out.findings);
  if (outcome != ChildOutcome::kDone) {
    return child_problem(outcome, child_.signal());
  }
  costs_.scanned_bytes += out.totals.scanned_bytes;
  costs_.child_bytes = std::max(costs_.child_bytes, out.totals.child_bytes);
  return {};
}

std::string Prover::look(steady_clock::time_point deadline, const std::function<bool()>& cancelled,
                         Look& out, ProofCosts& costs) const {
  std::string problem;
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    out = {};
    Session session(options_, costs);
    if (const char* const reason = session.prepare()) {
      return reason;
    }
    problem = session.copy(deadline);
    if (problem.empty()) {
      problem = session.finish(deadline, cancelled, out);
    }
    if (!problem.empty()) {
      return problem;
    }
    if ((out.totals.doubts & kHeapUnknown) == 0) {
      return {};
    }
    // It may have been in the middle of something.
    problem = heap_problem(out.totals.heap_fault);
    if ((out.totals.doubts & kThreadNotStopped) != 0) {
      return problem;  // All stops that it was worth have been tried.
    }
  }
  return problem;
}

void Prover::compare(const Look& first, const Look& second, bool doubtful, ProofReport& report) {
  std::unordered_map<std::uint64_t, const TaskFinding*> before;
  for (const TaskFinding& finding : first.findings) {
    before[finding.id] = &finding;
  }
  for (const TaskFinding& now : second.findings) {
    const auto found = before.find(now.id);
    if (found == before.end() || found->second->sequence != now.sequence ||
        found->second->resumed != now.resumed) {
      continue;
    }
    const TaskFinding& finding = worse(*found->second, now);
    Verdict verdict = Verdict::kSuspect;
    if (finding.reached == Reached::kByProgram) {
      verdict = Verdict::kReachable;
    } else if (finding.reached == Reached::kByNobody && !doubtful) {
      verdict = Verdict::kProven;
    }
    report.tasks.push_back({now.id, now.resumed, verdict, finding.reached, finding.holder});
  }
  report.changed = std::max(first.findings.size(), second.findings.size()) - report.tasks.size();
}

ProofReport Prover::prove(steady_clock::time_point deadline,
                          const std::function<bool()>& cancelled) const {
  const auto begin = steady_clock::now();
  ProofReport report;
  Look first;
  Look second;
  report.problem = look(deadline, cancelled, first, report.costs);
  if (report.problem.empty()) {
    std::this_thread::sleep_for(kBetweenLooks);
    report.problem = look(deadline, cancelled, second, report.costs);
  }
  if (report.problem.empty()) {
    const std::uint32_t doubts = first.totals.doubts | second.totals.doubts;
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1U) {
      if ((doubts & bit) != 0) {
        report.doubts.push_back(
            doubt_sentence(bit, first.unstopped != 0 ? first.unstopped : second.unstopped));
      }
    }
    report.live_tasks = second.totals.tasks;
    compare(first, second, doubts != kNoDoubt, report);
  }
  report.costs.total_ns = since(begin);
  return report;
}

}  // namespace xgops::proof
