// SPDX-License-Identifier: MIT
#include "leaks/fates.hpp"

#include "support/own_memory.hpp"
#include "tasks/holders.hpp"
#include "xgops/tasks.hpp"
#include "xgops/waits/graph.hpp"

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::leaks {
namespace {

using waits::Needs;
using waits::Node;
using waits::Role;

/// What those are called who could end a wait.
std::string_view counterpart(WaitReason reason) {
  switch (reason) {
    case WaitReason::kChannelReceive:
      return "sender";
    case WaitReason::kChannelSend:
      return "receiver";
    case WaitReason::kConditionWait:
      return "notifier";
    case WaitReason::kWaitGroup:
      return "member";
    case WaitReason::kSelect:
      return "other end";
    default:
      return "one who could end the wait";
  }
}

class Judge {
 public:
  Judge(const Look& look, const tasks::Registry& registry) : look_(look), registry_(registry) {
    fates_.tasks.resize(look.tasks.size());
    fates_.threads.resize(look.threads.size());
    gone_.resize(look.tasks.size() + look.threads.size());
    for (std::size_t i = 0; i < look.tasks.size(); ++i) {
      tasks_.emplace(look.tasks[i].id, graph_.add(Role::kActor, Needs::kNothing));
    }
    for (const SeenThread& thread : look.threads) {
      threads_.emplace(thread.facts.tid, graph_.add(Role::kActor, Needs::kNothing));
    }
    for (const tasks::Registry::Thread& thread : registry_.threads()) {
      const tasks::AnnouncedWait wait = tasks::Registry::announced_by(thread);
      if (wait.operation != 0) {
        announced_.emplace(static_cast<pid_t>(thread.tid), wait);
      }
    }
  }

  Fates run() {
    for (std::size_t i = 0; i < look_.tasks.size(); ++i) {
      add_task(static_cast<Node>(i), look_.tasks[i]);
    }
    for (std::size_t i = 0; i < look_.threads.size(); ++i) {
      add_thread(static_cast<Node>(look_.tasks.size() + i), look_.threads[i]);
    }
    resolve();
    const waits::Verdict verdict(graph_);
    for (Node node = 0; node < graph_.size(); ++node) {
      if (verdict.fate(node) == waits::Fate::kStuck) {
        text_of(node) = why(verdict, node);
      }
    }
    // Around the cycle, for its members.
    for (const waits::Knot& knot : verdict.knots()) {
      for (const Node member : knot.cycle) {
        text_of(member) = "in a cycle: " + way_around(knot.cycle, member);
      }
    }
    return std::move(fates_);
  }

 private:
  void add_task(Node node, const SeenTask& task) {
    if (task.state == TaskState::kRunning) {
      if (const auto thread = threads_.find(task.tid); thread != threads_.end()) {
        wait_for(node, Needs::kAll, thread->second);
      }
      return;
    }
    if (task.wait != nullptr && task.state == TaskState::kWaiting) {
      add_argument(node, task.wait->reason, task.argument_kind, task.argument);
    }
  }

  void add_thread(Node node, const SeenThread& thread) {
    const threads::Wait& wait = thread.facts.wait;
    if (wait.timed || wait.reason == threads::WaitReason::kRunning ||
        wait.reason == threads::WaitReason::kRunnable) {
      return;  // It will end, or has.
    }
    if (const auto said = announced_.find(thread.facts.tid); said != announced_.end()) {
      // The thread has said more than the kernel knows.
      add_argument(node, WaitReason::kNone, said->second.argument_kind, said->second.argument);
      return;
    }
    switch (wait.reason) {
      case threads::WaitReason::kMutexLock:
      case threads::WaitReason::kRwlockWrite:
      case threads::WaitReason::kRwlockRead:
      case threads::WaitReason::kJoin:
        if (wait.owner_state == threads::OwnerState::kExited) {
          // Of a thread that has ended, nobody waits for the end for long; and one may have begun
          // after the list of threads was read.
          if (wait.reason == threads::WaitReason::kJoin || thread_exists(wait.owner_tid)) {
            return;
          }
          never(node, "held by thread " + std::to_string(wait.owner_tid) + ", which has ended");
        } else if (const auto owner = threads_.find(wait.owner_tid);
                   wait.owner_state == threads::OwnerState::kLive && owner != threads_.end()) {
          wait_for(node, Needs::kAll, owner->second);
        }
        return;
      default:
        return;
    }
  }

  void add_argument(Node node, WaitReason reason, detail::TaskArgumentBits kind,
                    std::uint64_t argument) {
    switch (kind) {
      case detail::kArgumentTask:
        if (const auto task = tasks_.find(argument);
            reason == WaitReason::kJoin && task != tasks_.end()) {
          wait_for(node, Needs::kAll, task->second);
        }
        return;
      case detail::kArgumentHolder:
      case detail::kArgumentHolderSet:
        held_.push_back({node, reason, kind, argument, read_holders(kind, argument)});
        return;
      default:
        return;
    }
  }

  /// Something that is waited for and has holders, as they were read.
  struct Held {
    Node node = 0;
    WaitReason reason = WaitReason::kNone;
    detail::TaskArgumentBits kind = detail::kArgumentNone;
    std::uint64_t address = 0;
    tasks::HolderSetFacts holders;
  };

  static tasks::HolderSetFacts read_holders(detail::TaskArgumentBits kind, std::uint64_t address) {
    if (kind == detail::kArgumentHolderSet) {
      return tasks::read_holder_set(address);
    }
    tasks::HolderSetFacts one;
    std::uint64_t word = 0;
    one.is_set = support::copy_own_memory(address, &word, sizeof word) == sizeof word;
    if (one.is_set && word != 0) {
      one.words.push_back(word);
    }
    return one;
  }

  /// Holders were read after the look: one that it has not seen may be new, and not gone. So who
  /// lives is asked again, and what held must hold still.
  void resolve() {
    for (const auto& record : registry_.records()) {
      const std::uint64_t identity = record.identity.load(std::memory_order_acquire);
      const std::uint64_t state = identity & 0xff;
      if (state != detail::kTaskFree && state != detail::kTaskFinished) {
        live_.insert(identity >> detail::kIdShift);
      }
    }
    for (const Held& held : held_) {
      add_holders(held);
    }
  }

  [[nodiscard]] static bool holds_still(const Held& held) {
    const tasks::HolderSetFacts now = read_holders(held.kind, held.address);
    return now.is_set && now.words == held.holders.words && now.sealed == held.holders.sealed;
  }

  static bool thread_exists(pid_t tid) {
    return ::syscall(SYS_tgkill, ::getpid(), tid, 0) == 0 || errno != ESRCH;
  }

  void add_holders(const Held& held) {
    const tasks::HolderSetFacts& set = held.holders;
    const Node node = held.node;
    if (!set.is_set || set.unlisted > 0 || (set.any && !set.sealed)) {
      return;  // Nothing is known, or somebody may come along yet.
    }
    const std::string everybody_gone =
        "whose every " + std::string(counterpart(held.reason)) + " is gone";
    if (!set.any) {
      if (set.sealed && set.words.empty() && holds_still(held)) {
        never(node, everybody_gone);
      }
      for (const std::uint64_t word : set.words) {
        add_holder(held, word);
      }
      return;
    }
    bool somebody_lives = false;
    for (const std::uint64_t word : set.words) {
      somebody_lives = somebody_lives || node_of(word) != nullptr;
      if (node_of(word) == nullptr && !has_ended(word)) {
        return;
      }
    }
    for (const std::uint64_t word : set.words) {
      if (const Node* const holder = node_of(word)) {
        wait_for(node, Needs::kAny, *holder);
      }
    }
    if (!somebody_lives && holds_still(held)) {
      never(node, everybody_gone);
    }
  }

  [[nodiscard]] const Node* node_of(std::uint64_t word) const {
    if ((word & Holder::kThread) != 0) {
      const auto thread = threads_.find(static_cast<pid_t>(word & ~Holder::kThread));
      return thread == threads_.end() ? nullptr : &thread->second;
    }
    const auto task = tasks_.find(word);
    return task == tasks_.end() ? nullptr : &task->second;
  }

  /// Of one that was not seen: it may be new.
  [[nodiscard]] bool has_ended(std::uint64_t word) const {
    return (word & Holder::kThread) != 0
               ? !thread_exists(static_cast<pid_t>(word & ~Holder::kThread))
               : live_.count(word) == 0;
  }

  void add_holder(const Held& held, std::uint64_t word) {
    if (const Node* const holder = node_of(word)) {
      wait_for(held.node, Needs::kAll, *holder);
      return;
    }
    const bool is_thread = (word & Holder::kThread) != 0;
    if (has_ended(word) && holds_still(held)) {
      never(held.node, std::string("held by ") + (is_thread ? "thread " : "task ") +
                           std::to_string(word & ~Holder::kThread) + ", which has ended");
    }
  }

  void wait_for(Node node, Needs needs, Node other) {
    if (graph_.needs(node) != Needs::kNever) {
      graph_.set_needs(node, needs);
    }
    graph_.connect(node, other);
  }
  void never(Node node, std::string why) {
    graph_.set_needs(node, Needs::kNever);
    gone_[node] = std::move(why);
  }

  [[nodiscard]] std::string& text_of(Node node) {
    return node < look_.tasks.size() ? fates_.tasks[node]
                                     : fates_.threads[node - look_.tasks.size()];
  }
  [[nodiscard]] std::string name_of(Node node) const {
    return node < look_.tasks.size()
               ? "task " + std::to_string(look_.tasks[node].id)
               : "thread " + std::to_string(look_.threads[node - look_.tasks.size()].facts.tid);
  }

  [[nodiscard]] std::string why(const waits::Verdict& verdict, Node node) const {
    if (!gone_[node].empty()) {
      return gone_[node];
    }
    for (const Node other : verdict.waits_for(node)) {
      if (verdict.fate(other) == waits::Fate::kStuck) {
        return "held by " + name_of(other) + ", which is blocked for good itself";
      }
    }
    return "which nobody can end any more";
  }

  [[nodiscard]] std::string way_around(const std::vector<Node>& cycle, Node first) const {
    constexpr std::size_t kShown = 6;
    std::size_t at = 0;
    while (cycle[at] != first) {
      ++at;
    }
    std::string text = name_of(first);
    for (std::size_t i = 1; i < cycle.size() && i < kShown; ++i) {
      text += " waits for " + name_of(cycle[(at + i) % cycle.size()]) + ',';
    }
    if (cycle.size() == 1) {
      return text + " waits for itself";
    }
    if (cycle.size() > kShown) {
      text += " and so on over " + std::to_string(cycle.size() - kShown) + " more,";
    }
    text.pop_back();
    return text + ", which waits for " + name_of(first);
  }

  const Look& look_;
  const tasks::Registry& registry_;
  waits::Graph graph_;
  std::unordered_map<std::uint64_t, Node> tasks_;
  std::unordered_map<pid_t, Node> threads_;
  std::unordered_map<pid_t, tasks::AnnouncedWait> announced_;
  std::vector<Held> held_;
  std::unordered_set<std::uint64_t> live_;  ///< Tasks, after holders were read.
  std::vector<std::string> gone_;           ///< By node: why its wait never ends.
  Fates fates_;
};

}  // namespace

Fates judge(const Look& look, const tasks::Registry& registry) {
  return Judge(look, registry).run();
}

}  // namespace xgops::leaks
