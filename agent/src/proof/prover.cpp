// SPDX-License-Identifier: MIT
#include "proof/prover.hpp"

#include "proof/doubt.hpp"
#include "proof/glibc_heap.hpp"
#include "proof/heap_blocks.hpp"
#include "proof/kernel_roots.hpp"
#include "proof/memory_map.hpp"
#include "proof/roots.hpp"
#include "proof/stop.hpp"
#include "signal_safe/capture_slot.hpp"
#include "signal_safe/park_slot.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
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
constexpr int kMostTries = 5;
// Measured: a page of 4 KiB that fork has to note, a thread that is stopped, a look without either.
constexpr std::uint64_t kPagePauseNs = 100;
constexpr std::uint64_t kThreadPauseNs = 15'000;
constexpr std::uint64_t kLeastPauseNs = 400'000;
constexpr std::uint64_t kPageBytes = 4096;

std::uint64_t since(steady_clock::time_point begin) {
  const nanoseconds passed = steady_clock::now() - begin;
  return static_cast<std::uint64_t>(passed.count());
}

bool read_map(MemoryMap& map) noexcept {
  const support::UniqueFd fd(::open("/proc/thread-self/smaps", O_RDONLY | O_CLOEXEC));
  return fd && map.read(fd.get());
}

std::string sentence(std::uint32_t doubt, pid_t thread) {
  switch (doubt) {
    case kThreadNotStopped:
      return "thread " + std::to_string(thread) +
             " could not be stopped: it blocks the capture signal, waits for signals or is stuck";
    case kMemoryLeftOut:
      return "some memory is not given to children (MADV_DONTFORK, MADV_WIPEONFORK)";
    case kMemoryLocked:
      return "some memory in use cannot be read (PROT_NONE)";
    case kGeneratedCode:
      return "there is generated code, which may hold pointers";
    case kDeviceMemory:
      return "memory of a device is mapped";
    case kAsynchronousIoUsed:
      return "io_uring or libaio is in use: what the kernel holds for them cannot be seen";
    case kDescriptorsUnknown:
      return "not all that lies in epoll sets, pipes and Unix sockets could be read";
    case kTimersUnknown:
      return "the process's timers cannot be read";
    case kSignalsPending:
      return "real-time signals are pending, which may carry pointers";
    case kPagesUnknown:
      return "/proc/self/pagemap cannot be read";
    default:
      return "there was not enough memory for our tables";
  }
}

std::string heap_problem(std::uint32_t fault) {
  constexpr std::array<std::string_view, 7> kWords{
      "the records of tasks contradict the heap",
      "threads were always found within the allocator",
      "the program's heap is not in one piece",
      "the heap is not laid out as expected",
      "arenas on huge pages are laid out in another way",
      "there was not enough memory for our tables",
      "the heap does not show blocks that are known to be there"};
  return std::string(kWords[std::min<std::size_t>(fault, kWords.size() - 1)]);
}

std::string child_problem(ChildOutcome outcome) {
  switch (outcome) {
    case ChildOutcome::kRefused:
      return "the system refuses a child process: " + std::string(std::strerror(errno));
    case ChildOutcome::kFailed:
      return "the child that looked through the memory ended before it was done";
    case ChildOutcome::kLate:
      return "the deadline came first";
    default:
      return "nobody waits for the answer any more";
  }
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
      estimate.scan_bytes += mapping.shared ? mapping.range.bytes() : mapping.changed_bytes;
    }
  }
  StoppedThreads threads(*scratch, options_.task_directory_fd, options_.signal);
  estimate.threads =
      threads.prepare(options_.seccomp_filters) ? static_cast<std::uint32_t>(threads.known()) : 0;
  estimate.pause_ns = kLeastPauseNs + pages * kPagePauseNs + estimate.threads * kThreadPauseNs;
  constexpr std::uint64_t kTableShare = 50;
  estimate.child_bytes = estimate.scan_bytes / kTableShare + (std::uint64_t{4} << 20);
  return estimate;
}

std::string Prover::look(steady_clock::time_point deadline, const std::function<bool()>& cancelled,
                         Look& out, ProofCosts& costs) const {
  const auto scratch = std::make_unique<Scratch>();
  MemoryMap map(*scratch);
  if (!read_map(map)) {
    return "/proc/self/smaps cannot be read";
  }
  const GlibcHeap heap = find_glibc_heap(map);
  if (heap.problem != nullptr) {
    return heap.problem;
  }
  std::uint32_t doubts = 0;
  for (const Mapping& mapping : map.mappings()) {
    doubts |= doubts_of(mapping);  // What fork leaves out, the child cannot see.
  }
  const HeapProbe probe;
  StoppedThreads threads(*scratch, options_.task_directory_fd, options_.signal);
  KernelRoots kernel(*scratch);
  SnapshotChild child(options_.fork);
  ScratchArray<Range> hidden(*scratch);
  if (!probe.complete() || !child.prepare() || !threads.prepare(options_.seccomp_filters)) {
    return "there are not enough memory or descriptors to look";
  }

  // From here to `release` nothing may be allocated.
  ChildOutcome outcome = ChildOutcome::kRefused;
  bool started = false;
  int error = 0;
  for (int stop = 0; stop < kMostStops && !started; ++stop) {
    const auto begin = steady_clock::now();
    if (begin >= deadline) {
      outcome = ChildOutcome::kLate;
      break;
    }
    const bool all = threads.stop(kStopPatience);
    const bool usable = !any_arena_is_locked(heap);
    if (usable) {
      kernel.collect(options_.task_directory_fd,
                     threads.threads().empty() ? ::getpid() : threads.threads()[0]->tid);
      hidden.clear();
      for (const Range& range : scratch->ranges()) {
        hidden.push(range);
      }
      hidden.push(
          {reinterpret_cast<std::uint64_t>(signal_safe::g_park.slots),
           reinterpret_cast<std::uint64_t>(signal_safe::g_park.slots + signal_safe::kMostParked)});
      hidden.push({reinterpret_cast<std::uint64_t>(signal_safe::g_capture.slots),
                   reinterpret_cast<std::uint64_t>(signal_safe::g_capture.slots +
                                                   signal_safe::kSlotCount)});
      const ScanInput input{.heap = &heap,
                            .probe = &probe,
                            .tasks = &options_.tasks,
                            .threads = threads.threads(),
                            .own_thread_pointer = own_thread_pointer(),
                            .own_tid = ::gettid(),
                            .kernel_words = kernel.words().view(),
                            .hidden = hidden.view(),
                            .doubts = doubts | kernel.doubts() | (all ? 0U : kThreadNotStopped) |
                                      (scratch->failed() ? kOutOfMemory : 0U)};
      started = child.start(input);
      error = errno;
    }
    out.unstopped = threads.unstopped();
    const bool held = threads.held();
    threads.release();
    const std::uint64_t pause = since(begin);
    costs.pause_ns += pause;
    costs.longest_pause_ns = std::max(costs.longest_pause_ns, pause);
    ++costs.stops;
    if (usable && (!started || !held)) {
      errno = error;
      return started ? "the threads stood still for too long" : child_problem(outcome);
    }
    if (!started) {
      std::this_thread::sleep_for(kBetweenStops);
    }
  }
  if (!started) {
    return outcome == ChildOutcome::kLate
               ? child_problem(outcome)
               : heap_problem(static_cast<std::uint32_t>(HeapFault::kLocked));
  }
  outcome = child.finish(deadline, cancelled, out.totals, out.findings);
  if (outcome != ChildOutcome::kDone) {
    return child_problem(outcome);
  }
  costs.scanned_bytes += out.totals.scanned_bytes;
  return {};
}

ProofReport Prover::prove(steady_clock::time_point deadline,
                          const std::function<bool()>& cancelled) const {
  const auto begin = steady_clock::now();
  ProofReport report;
  std::array<Look, 2> looks;
  for (Look& each : looks) {
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
      each = {};
      report.problem = look(deadline, cancelled, each, report.costs);
      if (report.problem.empty() && (each.totals.doubts & kHeapUnknown) != 0) {
        report.problem = heap_problem(each.totals.heap_fault);
        continue;  // It may have been in the middle of something.
      }
      if (!report.problem.empty() || (each.totals.doubts & kThreadNotStopped) == 0) {
        break;
      }
    }
    report.costs.total_ns = since(begin);
    if (!report.problem.empty()) {
      return report;
    }
    if (&each == looks.data()) {
      std::this_thread::sleep_for(kBetweenLooks);
    }
  }

  const std::uint32_t doubts = looks[0].totals.doubts | looks[1].totals.doubts;
  for (std::uint32_t bit = 1; bit != 0; bit <<= 1U) {
    if ((doubts & bit) != 0) {
      report.doubts.push_back(
          sentence(bit, looks[0].unstopped != 0 ? looks[0].unstopped : looks[1].unstopped));
    }
  }
  report.live_tasks = looks[1].totals.tasks;
  std::unordered_map<std::uint64_t, const TaskFinding*> first;
  for (const TaskFinding& finding : looks[0].findings) {
    first[finding.id] = &finding;
  }
  std::size_t same = 0;
  for (const TaskFinding& second : looks[1].findings) {
    const auto found = first.find(second.id);
    if (found == first.end() || found->second->sequence != second.sequence ||
        found->second->resumed != second.resumed) {
      continue;
    }
    ++same;
    const TaskFinding& finding = worse(*found->second, second);
    Verdict verdict = Verdict::kSuspect;
    if (finding.reached == Reached::kByProgram) {
      verdict = Verdict::kReachable;
    } else if (finding.reached == Reached::kByNobody && doubts == 0) {
      verdict = Verdict::kProven;
    }
    report.tasks.push_back({second.id, second.resumed, verdict, finding.reached, finding.holder});
  }
  report.changed = std::max(looks[0].findings.size(), looks[1].findings.size()) - same;
  report.costs.total_ns = since(begin);
  return report;
}

}  // namespace xgops::proof
