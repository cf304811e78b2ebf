// SPDX-License-Identifier: MIT
#include "proof_run.hpp"

#include "agent/proof/lost_tasks.hpp"

#include <chrono>
#include <memory>

namespace kernels {
namespace {

namespace proof = xgops::proof;
namespace test = xgops::test;

/// On the thread that has made the scene, whose own memory counts for nothing: neither its stack
/// nor the scene is what could still wake a task.
void prove_here(Scene& scene, ProofCount& count) {
  if (scene.executor.unfinished() == 0) {
    return;
  }
  test::scrub_stack();
  const proof::ProofReport report = test::prove_on_this_thread();
  for (const proof::TaskProof& task : report.tasks) {
    count.proven += task.verdict == proof::Verdict::kProven ? 1U : 0U;
    count.suspects += task.verdict == proof::Verdict::kSuspect ? 1U : 0U;
  }
  if (const std::string problem = test::text_of(report); !problem.empty()) {
    count.problem = problem;
  }
}

[[gnu::noinline]] void start(TaskKernel run, Scene& scene) {
  if (run != nullptr) {
    run(scene);
  }
}

}  // namespace

ProofCount prove_mistake(const Entry& entry) {
  ProofCount count;
  test::elsewhere([&] {
    const auto scene = std::make_unique<Scene>(false, true, entry.workers);
    for (const TaskKernel run : {entry.before, entry.run}) {
      start(run, *scene);
      if (entry.workers == 0) {
        scene->executor.run_until_idle();
      }
    }
    prove_here(*scene, count);
    scene->stopped = true;
  });
  return count;
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
        prove_here(*scene, count);
      }
    }
    scene->executor.run_until_idle();
    prove_here(*scene, count);
    scene->stopped = true;
  });
  return count;
}

}  // namespace kernels
