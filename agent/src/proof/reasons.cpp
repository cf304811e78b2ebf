// SPDX-License-Identifier: MIT
#include "proof/reasons.hpp"

#include "proof/doubt.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <signal.h>

namespace xgops::proof {
namespace {

std::string signal_text(int signal) {
  switch (signal) {
    case SIGBUS:
      return "SIGBUS: a mapped file is shorter than its mapping, or memory is broken";
    case SIGSEGV:
      return "SIGSEGV";
    case SIGKILL:
      return "SIGKILL: memory was short, or somebody killed it";
    case SIGSYS:
      return "SIGSYS: seccomp forbids what it does";
    default:
      return "signal " + std::to_string(signal);
  }
}

}  // namespace

std::string doubt_sentence(std::uint32_t doubt, pid_t thread) {
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
      return "not all that lies in the program's descriptors (epoll sets, pipes, sockets, queues) "
             "could "
             "be read";
    case kTimersUnknown:
      return "the process's timers cannot be read";
    case kSignalsPending:
      return "signals are pending, which may carry pointers";
    case kSharedMemoryUnknown:
      return "shared memory is swapped out or on huge pages: it cannot be read without a change";
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

std::string child_problem(ChildOutcome outcome, int signal) {
  switch (outcome) {
    case ChildOutcome::kFailed:
      return "the child that looked through the memory ended before it was done" +
             (signal == 0 ? std::string() : ", by " + signal_text(signal));
    case ChildOutcome::kLate:
      return "the deadline came first";
    default:
      return "nobody waits for the answer any more";
  }
}

}  // namespace xgops::proof
