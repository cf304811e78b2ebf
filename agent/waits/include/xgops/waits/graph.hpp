// SPDX-License-Identifier: MIT
// Who waits for whom, and what follows from that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xgops::waits {

/// A thread, a task, or something that they wait for. Numbered from 0 in the order of `add`.
using Node = std::uint32_t;

/// What it takes for a node to go on.
enum class Needs : std::uint8_t {
  kNothing,  ///< It runs, or waits for time or the outside world, or nothing is known of it.
  kAll,      ///< Each of those that it waits for must be able to go on: the holders of a lock.
  kAny,      ///< One of them suffices: the senders of a channel. Without any: for ever.
  kAnybody,  ///< Whoever in the process can go on may be the one: a notified condition.
  kNever,    ///< Who could have ended its wait is gone.
};

/// Whether whoever is in the process can act (a thread, a task) or is only acted upon (a lock).
enum class Role : std::uint8_t { kActor, kResource };

/// The wait-for graph: an AND-OR graph, as of Knapp, "Deadlock detection in distributed databases"
/// (1987), with one more kind of node for waits of which nobody knows who will end them.
class Graph {
 public:
  Node add(Role role, Needs needs);
  /// `from` waits for `to`.
  void connect(Node from, Node to) { edges_.push_back({from, to}); }
  void set_needs(Node node, Needs needs) { nodes_[node].needs = needs; }

  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  [[nodiscard]] Role role(Node node) const { return nodes_[node].role; }
  [[nodiscard]] Needs needs(Node node) const { return nodes_[node].needs; }

  struct Edge {
    Node from;
    Node to;
  };
  [[nodiscard]] std::span<const Edge> edges() const noexcept { return edges_; }

 private:
  struct Kind {
    Role role;
    Needs needs;
  };
  std::vector<Kind> nodes_;
  std::vector<Edge> edges_;
};

/// What will become of a node.
enum class Fate : std::uint8_t {
  kFree,    ///< It may go on, for all that is known.
  kStuck,   ///< It never will, whatever the free ones do.
  kAsleep,  ///< It never will, as nobody in the process is free: there is none to wake it.
};

/// A set of nodes that wait for each other.
struct Knot {
  std::vector<Node> members;  ///< Ascending.
  std::vector<Node> cycle;  ///< One way around, each waiting for the next, the last for the first.
};

/// The graph, judged. Cost: a few ns for each node and edge.
class Verdict {
 public:
  explicit Verdict(const Graph& graph);

  [[nodiscard]] Fate fate(Node node) const { return fates_[node]; }
  /// Whether no actor is free.
  [[nodiscard]] bool nobody_can_go_on() const noexcept { return nobody_; }
  /// Whom `node` waits for.
  [[nodiscard]] std::span<const Node> waits_for(Node node) const { return forward_.of(node); }
  /// Who waits for `node`.
  [[nodiscard]] std::span<const Node> waiters_of(Node node) const { return backward_.of(node); }
  /// The knots among the stuck nodes, by their lowest member.
  [[nodiscard]] std::vector<Knot> knots() const;

 private:
  /// The neighbours of all nodes, one behind the other.
  class Neighbours {
   public:
    Neighbours() = default;
    Neighbours(const Graph& graph, bool forward);
    [[nodiscard]] std::span<const Node> of(Node node) const {
      return std::span(nodes_).subspan(begins_[node], begins_[node + 1] - begins_[node]);
    }

   private:
    std::vector<std::uint32_t> begins_;
    std::vector<Node> nodes_;
  };

  /// Which nodes can go on when those that wait for anybody can, or cannot.
  [[nodiscard]] std::vector<bool> free_nodes(bool anybody) const;
  /// `previous` is room to work in: `kNone` everywhere, before and after.
  [[nodiscard]] std::vector<Node> way_around(Node start, std::span<const std::uint32_t> knot_of,
                                             std::vector<Node>& previous) const;

  const Graph& graph_;
  Neighbours forward_;
  Neighbours backward_;
  std::vector<Fate> fates_;
  bool nobody_ = false;
};

}  // namespace xgops::waits
