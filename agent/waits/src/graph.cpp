// SPDX-License-Identifier: MIT
#include "xgops/waits/graph.hpp"

#include <algorithm>
#include <limits>

namespace xgops::waits {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// Tarjan's strongly connected components (1972), without recursion: chains may be a million long.
class Components {
 public:
  Components(const Verdict& verdict, std::size_t nodes)
      : verdict_(verdict), order_(nodes, kNone), low_(nodes, kNone), component_(nodes, kNone) {
    for (Node node = 0; node < nodes; ++node) {
      if (order_[node] == kNone && is_stuck(node)) {
        explore(node);
      }
    }
  }

  /// Components in no order; `of()` gives the index for each node, `kNone` for free ones.
  [[nodiscard]] std::span<const std::uint32_t> of() const noexcept { return component_; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

 private:
  struct Step {
    Node node;
    std::uint32_t next = 0;  ///< Index of the neighbour to look at.
  };

  [[nodiscard]] bool is_stuck(Node node) const { return verdict_.fate(node) == Fate::kStuck; }

  void enter(Node node) {
    order_[node] = low_[node] = next_order_++;
    open_.push_back(node);
    steps_.push_back({node});
  }

  void explore(Node start) {
    enter(start);
    while (!steps_.empty()) {
      Step& step = steps_.back();
      const auto neighbours = verdict_.waits_for(step.node);
      if (step.next < neighbours.size()) {
        const Node neighbour = neighbours[step.next++];
        if (!is_stuck(neighbour)) {
          continue;
        }
        if (order_[neighbour] == kNone) {
          enter(neighbour);  // `step` is not valid any more.
        } else if (component_[neighbour] == kNone) {
          low_[step.node] = std::min(low_[step.node], order_[neighbour]);
        }
        continue;
      }
      const Node done = step.node;
      steps_.pop_back();
      if (!steps_.empty()) {
        low_[steps_.back().node] = std::min(low_[steps_.back().node], low_[done]);
      }
      if (low_[done] == order_[done]) {
        close(done);
      }
    }
  }

  void close(Node root) {
    Node node = kNone;
    do {
      node = open_.back();
      open_.pop_back();
      component_[node] = count_;
    } while (node != root);
    ++count_;
  }

  const Verdict& verdict_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> low_;
  std::vector<std::uint32_t> component_;
  std::vector<Node> open_;
  std::vector<Step> steps_;
  std::uint32_t next_order_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace

Node Graph::add(Role role, Needs needs) {
  nodes_.push_back({role, needs});
  return static_cast<Node>(nodes_.size() - 1);
}

Verdict::Neighbours::Neighbours(const Graph& graph, bool forward) : begins_(graph.size() + 1) {
  for (const Graph::Edge& edge : graph.edges()) {
    ++begins_[(forward ? edge.from : edge.to) + 1];
  }
  for (std::size_t i = 1; i < begins_.size(); ++i) {
    begins_[i] += begins_[i - 1];
  }
  nodes_.resize(graph.edges().size());
  std::vector<std::uint32_t> next(begins_.begin(), begins_.end() - 1);
  for (const Graph::Edge& edge : graph.edges()) {
    nodes_[next[forward ? edge.from : edge.to]++] = forward ? edge.to : edge.from;
  }
}

Verdict::Verdict(const Graph& graph)
    : graph_(graph),
      forward_(graph, true),
      backward_(graph, false),
      fates_(graph.size(), Fate::kFree) {
  const std::vector<bool> free = free_nodes(true);
  const std::vector<bool> awake = free_nodes(false);
  nobody_ = graph.size() > 0;
  for (Node node = 0; node < graph.size(); ++node) {
    nobody_ = nobody_ && !(awake[node] && graph.role(node) == Role::kActor);
  }
  for (Node node = 0; node < graph.size(); ++node) {
    if (!free[node]) {
      fates_[node] = Fate::kStuck;
    } else if (nobody_ && !awake[node]) {
      fates_[node] = Fate::kAsleep;
    }
  }
}

std::vector<bool> Verdict::free_nodes(bool anybody) const {
  const auto size = static_cast<Node>(graph_.size());
  std::vector<bool> free(size, false);
  std::vector<std::uint32_t> missing(size, 0);
  std::vector<Node> open;
  for (Node node = 0; node < size; ++node) {
    const Needs needs = graph_.needs(node);
    missing[node] = static_cast<std::uint32_t>(forward_.of(node).size());
    if (needs == Needs::kNothing || (needs == Needs::kAnybody && anybody) ||
        (needs == Needs::kAll && missing[node] == 0)) {
      free[node] = true;
      open.push_back(node);
    }
  }
  while (!open.empty()) {
    const Node node = open.back();
    open.pop_back();
    for (const Node waiter : backward_.of(node)) {
      const Needs needs = graph_.needs(waiter);
      const bool goes_on = needs == Needs::kAny || (needs == Needs::kAll && --missing[waiter] == 0);
      if (goes_on && !free[waiter]) {
        free[waiter] = true;
        open.push_back(waiter);
      }
    }
  }
  return free;
}

std::vector<Knot> Verdict::knots() const {
  const Components components(*this, graph_.size());
  std::vector<Knot> all(components.count());
  for (Node node = 0; node < graph_.size(); ++node) {
    if (components.of()[node] != kNone) {
      all[components.of()[node]].members.push_back(node);
    }
  }
  std::vector<Knot> knots;
  std::vector<Node> previous(graph_.size(), kNone);
  for (Knot& knot : all) {
    const Node first = knot.members.front();
    const auto waits = forward_.of(first);
    const bool waits_for_itself = std::find(waits.begin(), waits.end(), first) != waits.end();
    if (knot.members.size() > 1 || waits_for_itself) {
      knot.cycle = way_around(first, components.of(), previous);
      knots.push_back(std::move(knot));
    }
  }
  std::sort(knots.begin(), knots.end(),
            [](const Knot& a, const Knot& b) { return a.members.front() < b.members.front(); });
  return knots;
}

std::vector<Node> Verdict::way_around(Node start, std::span<const std::uint32_t> knot_of,
                                      std::vector<Node>& previous) const {
  // Breadth first, so that it is a shortest one through `start`.
  std::vector<Node> queue{start};
  std::vector<Node> cycle;
  for (std::size_t i = 0; i < queue.size() && cycle.empty(); ++i) {
    for (const Node next : forward_.of(queue[i])) {
      if (next == start) {
        for (Node node = queue[i]; node != start; node = previous[node]) {
          cycle.push_back(node);
        }
        cycle.push_back(start);
        break;
      }
      if (knot_of[next] == knot_of[start] && previous[next] == kNone) {
        previous[next] = queue[i];
        queue.push_back(next);
      }
    }
  }
  for (const Node node : queue) {
    previous[node] = kNone;
  }
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

}  // namespace xgops::waits
