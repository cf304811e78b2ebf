// SPDX-License-Identifier: MIT
#include "proof_run.hpp"

#include "agent/proof/lost_tasks.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace kernels {
namespace {

namespace proof = xgops::proof;
namespace test = xgops::test;

/// Of tasks whose ids are above `seen`, on the thread that has made their scene, whose own memory
/// counts for nothing: neither its stack nor the scene is what could still wake a task. Returns the
/// largest id.
std::uint64_t prove_here(const Scene& scene, std::uint64_t seen, ProofCount& count) {
  if (scene.executor.unfinished() == 0) {
    return seen;
  }
  test::scrub_stack();
  const proof::ProofReport report = test::prove_on_this_thread();
  std::uint64_t largest = seen;
  for (const proof::TaskProof& task : report.tasks) {
    largest = std::max(largest, task.id);
    if (task.id <= seen) {
      continue;
    }
    count.proven += task.verdict == proof::Verdict::kProven ? 1U : 0U;
    count.suspects += task.verdict == proof::Verdict::kSuspect ? 1U : 0U;
  }
  if (const std::string problem = test::text_of(report); !problem.empty()) {
    count.problem = problem;
  }
  return largest;
}

[[gnu::noinline]] void start(TaskKernel run, Scene& scene) {
  if (run != nullptr) {
    run(scene);
  }
}

std::unique_ptr<Scene> make_mistake(const Entry& entry) {
  auto scene = std::make_unique<Scene>(false, true, entry.workers);
  for (const TaskKernel run : {entry.before, entry.run}) {
    start(run, *scene);
    if (entry.workers == 0) {
      scene->executor.run_until_idle();
    }
  }
  return scene;
}

}  // namespace

ProofCount prove_mistake(const Entry& entry) {
  // Words that nobody uses any more hide some. What is made anew, beside what is still there, is
  // elsewhere; and what was proven once is proven.
  constexpr int kMostAttempts = 5;
  std::uint64_t leaked = 0;
  for (const Leak& leak : entry.leaks) {
    leaked += leak.count;
  }
  ProofCount best;
  test::elsewhere([&] {
    std::vector<std::unique_ptr<Scene>> scenes;
    std::uint64_t seen = 0;
    for (int attempt = 0; attempt < kMostAttempts && best.proven < leaked; ++attempt) {
      scenes.push_back(make_mistake(entry));
      ProofCount count;
      seen = prove_here(*scenes.back(), seen, count);
      best = attempt == 0 || count.proven > best.proven ? count : best;
    }
    for (const auto& scene : scenes) {
      scene->stopped = true;
    }
  });
  return best;
}

ProofCount prove_twin(const Entry& entry) {
  constexpr int kMostSteps = 64;
  ProofCount count;
  if (entry.workers > 0) {
    return count;  // Its steps are not ours to choose.
  }
  test::elsewhere([&] {
    const auto scene = std::make_unique<Scene>(true, true, 0);
    start(entry.run, *scene);
    for (int step = 1; step <= kMostSteps && scene->executor.run_one(); ++step) {
      const bool is_power_of_two = (step & (step - 1)) == 0;
      if (is_power_of_two) {
        prove_here(*scene, 0, count);
      }
    }
    scene->executor.run_until_idle();
    prove_here(*scene, 0, count);
    scene->stopped = true;
  });
  return count;
}

}  // namespace kernels
