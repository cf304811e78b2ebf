// SPDX-License-Identifier: MIT
// Reports with something of everything, for renderers.
#pragma once

#include "report/list.hpp"
#include "report/stack.hpp"
#include "report/threads.hpp"
#include "report/vitals.hpp"

namespace xgops::test {

/// Agents that answer, one that does not, a process without, hostile names.
[[nodiscard]] cli::ListReport sample_list();
[[nodiscard]] cli::VitalsReport sample_vitals();
/// A deadlock of two threads, a pool, an idle loop, a running thread, stacks that are incomplete.
[[nodiscard]] cli::StackReport sample_stack();
/// The threads of `sample_stack`.
[[nodiscard]] cli::ThreadsReport sample_threads();

}  // namespace xgops::test
