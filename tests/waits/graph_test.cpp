// SPDX-License-Identifier: MIT
#include "xgops/waits/graph.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace xgops::waits {
namespace {

Node actor(Graph& graph, Needs needs) {
  return graph.add(Role::kActor, needs);
}

/// A lock that `owner` holds.
Node lock_of(Graph& graph, Node owner) {
  const Node lock = graph.add(Role::kResource, Needs::kAll);
  graph.connect(lock, owner);
  return lock;
}

TEST(GraphTest, FindsNothingInAnEmptyGraph) {
  const Graph graph;

  const Verdict verdict(graph);

  EXPECT_FALSE(verdict.nobody_can_go_on());
  EXPECT_TRUE(verdict.knots().empty());
}

TEST(GraphTest, LetsAWaiterGoOnWhoseHolderRuns) {
  Graph graph;
  const Node holder = actor(graph, Needs::kNothing);
  const Node waiter = actor(graph, Needs::kAll);
  graph.connect(waiter, lock_of(graph, holder));

  const Verdict verdict(graph);

  EXPECT_EQ(verdict.fate(waiter), Fate::kFree);
  EXPECT_TRUE(verdict.knots().empty());
}

TEST(GraphTest, FindsAnActorThatWaitsForItself) {
  Graph graph;
  const Node self = actor(graph, Needs::kAll);
  const Node lock = lock_of(graph, self);
  graph.connect(self, lock);

  const Verdict verdict(graph);

  ASSERT_EQ(verdict.knots().size(), 1U);
  EXPECT_EQ(verdict.knots()[0].cycle, (std::vector<Node>{self, lock}));
  EXPECT_EQ(verdict.fate(self), Fate::kStuck);
}

TEST(GraphTest, FindsACycleOfThreeAndWhoWaitsBehindIt) {
  Graph graph;
  std::vector<Node> actors;
  for (int i = 0; i < 4; ++i) {
    actors.push_back(actor(graph, Needs::kAll));
  }
  std::vector<Node> locks;
  for (int i = 0; i < 3; ++i) {
    locks.push_back(lock_of(graph, actors[static_cast<std::size_t>(i)]));
  }
  graph.connect(actors[0], locks[1]);
  graph.connect(actors[1], locks[2]);
  graph.connect(actors[2], locks[0]);
  graph.connect(actors[3], locks[0]);

  const Verdict verdict(graph);

  ASSERT_EQ(verdict.knots().size(), 1U);
  EXPECT_EQ(verdict.knots()[0].cycle,
            (std::vector<Node>{actors[0], locks[1], actors[1], locks[2], actors[2], locks[0]}));
  EXPECT_EQ(verdict.knots()[0].members.size(), 6U) << "who waits behind it is not part of it";
  EXPECT_EQ(verdict.fate(actors[3]), Fate::kStuck);
}

TEST(GraphTest, WantsAllReadersToLetGoButOnlyOneSenderToSend) {
  Graph graph;
  const Node runs = actor(graph, Needs::kNothing);
  const Node writer = actor(graph, Needs::kAll);
  const Node receiver = actor(graph, Needs::kAny);
  const Node stuck = actor(graph, Needs::kNever);
  for (const Node from : {writer, receiver}) {
    graph.connect(from, runs);
    graph.connect(from, stuck);
  }

  const Verdict verdict(graph);

  EXPECT_EQ(verdict.fate(writer), Fate::kStuck);
  EXPECT_EQ(verdict.fate(receiver), Fate::kFree);
}

TEST(GraphTest, TiesAReceiverToTheLockThatItHoldsAndItsOnlySenderWants) {
  Graph graph;
  const Node receiver = actor(graph, Needs::kAny);
  const Node sender = actor(graph, Needs::kAll);
  graph.connect(receiver, sender);
  graph.connect(sender, lock_of(graph, receiver));

  EXPECT_EQ(Verdict(graph).knots().size(), 1U);
}

TEST(GraphTest, LeavesSomebodyToBeWokenFreeAsLongAsAnybodyIs) {
  Graph graph;
  const Node sleeper = actor(graph, Needs::kAnybody);
  actor(graph, Needs::kNothing);

  const Verdict verdict(graph);

  EXPECT_EQ(verdict.fate(sleeper), Fate::kFree);
  EXPECT_FALSE(verdict.nobody_can_go_on());
}

TEST(GraphTest, SaysWhenNobodyIsLeftToWakeTheOthers) {
  Graph graph;
  const Node sleeper = actor(graph, Needs::kAnybody);
  const Node behind = actor(graph, Needs::kAll);
  const Node lock = lock_of(graph, sleeper);
  graph.connect(behind, lock);
  graph.add(Role::kResource, Needs::kNothing);  // A lock that is free wakes nobody.

  const Verdict verdict(graph);

  EXPECT_TRUE(verdict.nobody_can_go_on());
  EXPECT_EQ(verdict.fate(sleeper), Fate::kAsleep);
  EXPECT_EQ(verdict.fate(behind), Fate::kAsleep);
  EXPECT_TRUE(verdict.knots().empty());
}

TEST(GraphTest, KeepsAKnotApartFromThoseWhoAreOnlyAsleep) {
  Graph graph;
  const Node self = actor(graph, Needs::kAll);
  graph.connect(self, lock_of(graph, self));
  const Node sleeper = actor(graph, Needs::kAnybody);

  const Verdict verdict(graph);

  EXPECT_EQ(verdict.fate(self), Fate::kStuck);
  EXPECT_EQ(verdict.fate(sleeper), Fate::kAsleep);
}

TEST(GraphTest, ReportsSeveralKnotsApart) {
  Graph graph;
  for (int i = 0; i < 3; ++i) {
    const Node one = actor(graph, Needs::kAll);
    const Node other = actor(graph, Needs::kAll);
    graph.connect(one, other);
    graph.connect(other, one);
  }

  EXPECT_EQ(Verdict(graph).knots().size(), 3U);
}

TEST(GraphTest, GoesThroughAChainOfAMillionWithoutRecursion) {
  Graph graph;
  constexpr Node kLength = 1'000'000;
  for (Node node = 0; node < kLength; ++node) {
    actor(graph, Needs::kAll);
    graph.connect(node, (node + 1) % kLength);
  }

  const Verdict verdict(graph);

  ASSERT_EQ(verdict.knots().size(), 1U);
  EXPECT_EQ(verdict.knots()[0].cycle.size(), kLength);
}

/// What can go on, worked out by trying again and again: slow and plain.
std::vector<bool> free_by_trying(const Graph& graph) {
  std::vector<bool> free(graph.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (Node node = 0; node < graph.size(); ++node) {
      std::size_t needed = 0;
      std::size_t met = 0;
      for (const Graph::Edge& edge : graph.edges()) {
        needed += edge.from == node ? 1U : 0U;
        met += edge.from == node && free[edge.to] ? 1U : 0U;
      }
      const Needs needs = graph.needs(node);
      const bool goes_on = needs == Needs::kNothing || needs == Needs::kAnybody ||
                           (needs == Needs::kAll && met == needed) ||
                           (needs == Needs::kAny && met > 0);
      changed = changed || (goes_on && !free[node]);
      free[node] = free[node] || goes_on;
    }
  }
  return free;
}

TEST(GraphTest, JudgesRandomGraphsAsPlainTryingDoes) {
  std::mt19937 engine(4711);
  const auto random = [&engine] { return static_cast<Node>(engine()); };
  for (int round = 0; round < 500; ++round) {
    Graph graph;
    const Node size = 1 + random() % 12;
    for (Node node = 0; node < size; ++node) {
      actor(graph, static_cast<Needs>(random() % 5));
    }
    for (unsigned edges = random() % (2 * size); edges > 0; --edges) {
      graph.connect(random() % size, random() % size);
    }

    const Verdict verdict(graph);

    const std::vector<bool> expected = free_by_trying(graph);
    for (Node node = 0; node < size; ++node) {
      ASSERT_EQ(verdict.fate(node) != Fate::kStuck, expected[node])
          << "node " << node << " in round " << round;
    }
    for (const Knot& knot : verdict.knots()) {
      ASSERT_FALSE(knot.cycle.empty());
      for (std::size_t i = 0; i < knot.cycle.size(); ++i) {
        const auto next = verdict.waits_for(knot.cycle[i]);
        ASSERT_NE(std::find(next.begin(), next.end(), knot.cycle[(i + 1) % knot.cycle.size()]),
                  next.end())
            << "round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace xgops::waits
