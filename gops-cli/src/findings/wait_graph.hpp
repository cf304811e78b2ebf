// SPDX-License-Identifier: MIT
// From one look at a process to its wait-for graph.
#pragma once

#include "findings/look.hpp"
#include "findings/resource.hpp"
#include "report/findings.hpp"
#include "xgops/waits/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xgops::cli {

/// The graph of a look, and what its nodes are. Refers to the look.
///
/// Edges: an actor waits for one resource; a resource for its holders. A running task waits for its
/// thread, a queued one for the threads that run its executor when all of them are known to be
/// busy.
class WaitGraph {
 public:
  explicit WaitGraph(const Look& look);

  [[nodiscard]] const Look& look() const noexcept { return look_; }
  [[nodiscard]] const waits::Graph& graph() const noexcept { return graph_; }

  [[nodiscard]] waits::Node node_of(const Who& who) const {
    return static_cast<waits::Node>(who.is_thread ? who.index : look_.threads().size() + who.index);
  }
  /// Nothing: it is a resource.
  [[nodiscard]] std::optional<Who> actor(waits::Node node) const;
  /// Null: it is an actor.
  [[nodiscard]] const Resource* resource(waits::Node node) const;

  /// Threads that run executors: they run a task now, or are inside Asio's loop.
  [[nodiscard]] const std::vector<std::size_t>& workers() const noexcept { return workers_; }
  /// Of these, the ones that may run tasks of an executor (`protocol::Task::executor`): they did
  /// before, or what they run is not known. All for 0.
  [[nodiscard]] std::vector<std::size_t> workers_of(std::uint16_t executor) const;
  /// Whether the thread with this index is in an executor's loop with nothing to do.
  [[nodiscard]] bool is_idle(std::size_t thread) const { return idle_[thread]; }
  /// Names the handler that the thread with this index is in; 0: in none that is known.
  [[nodiscard]] std::uint32_t handler_on(std::size_t thread) const;
  /// Whether other threads may be workers, too, for all that is known.
  [[nodiscard]] bool may_have_more_workers() const noexcept { return more_workers_; }
  /// The task that the thread with this index runs.
  [[nodiscard]] std::optional<std::size_t> task_on(std::size_t thread) const;
  [[nodiscard]] std::optional<std::size_t> thread_with(std::uint64_t tid) const;
  [[nodiscard]] std::optional<std::size_t> task_with(std::uint64_t id) const;

  /// What the actor waits for; nothing: it does not wait for anything of the process.
  [[nodiscard]] std::optional<waits::Node> waited_for(const Who& who) const;

 private:
  /// Tells things apart that may lie at one address, or have one number.
  enum Part : std::uint8_t {
    kWhole,
    kReadSide,
    kThreadEnd,
    kTaskEnd,
    kChildren,
    kEvents,
    kAddressless,
  };
  struct Key {
    std::uint64_t address = 0;
    Part part = kWhole;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return (key.address * 0x9e3779b97f4a7c15ULL) ^ (std::size_t{key.part} << 56);
    }
  };
  struct Found {
    waits::Node node = 0;
    bool is_new = false;
  };

  void find_workers();
  void add_thread_wait(std::size_t index);
  void add_announced_wait(std::size_t index, const protocol::AnnouncedWait& wait);
  void add_rwlock_read(std::size_t index);
  void add_task(std::size_t index);
  void add_task_wait(std::size_t index);
  void add_children_wait(std::size_t index);
  void add_ready_task(std::size_t index);

  Found resource_node(ResourceKind kind, std::uint64_t address, waits::Needs needs,
                      Part part = kWhole);
  void wait_for(waits::Node actor, waits::Node resource);
  /// `actor` waits for a resource that one thread or task holds, if anybody.
  void wait_for_holder(waits::Node actor, ResourceKind kind, std::uint64_t address,
                       protocol::TaskOwner owner, std::uint64_t id, const std::string& detail);
  void wait_for_object(waits::Node actor, ResourceKind kind, const protocol::WaitObject& object);
  void add_holder(waits::Node resource, protocol::TaskOwner owner, std::uint64_t id);
  /// Whoever can go on may end it, if `signals` also a handler of a signal.
  void wait_for_anybody(waits::Node actor, ResourceKind kind, std::uint64_t address, bool signals);

  const Look& look_;
  waits::Graph graph_;
  std::vector<Resource> resources_;  ///< Node number minus the number of actors.
  std::unordered_map<Key, waits::Node, KeyHash> resource_nodes_;
  std::unordered_map<std::uint64_t, std::size_t> threads_;
  std::unordered_map<std::uint64_t, std::size_t> tasks_;
  std::unordered_map<std::uint64_t, const protocol::WaitObject*> objects_;
  std::unordered_map<std::int32_t, const protocol::AnnouncedWait*> announced_;
  std::unordered_map<std::size_t, std::size_t> running_;  ///< Task by thread.
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> children_;
  std::vector<std::optional<waits::Node>> waited_for_;  ///< By actor.
  std::vector<std::size_t> workers_;
  std::vector<bool> idle_;
  bool more_workers_ = false;
  /// Of workers, where known.
  std::unordered_map<std::size_t, protocol::ThreadExecutors> executors_of_;
  std::unordered_map<std::uint16_t, std::optional<waits::Node>> executors_;
};

}  // namespace xgops::cli
