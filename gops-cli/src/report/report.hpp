// SPDX-License-Identifier: MIT
// What a command returns. output/ turns it into bytes, main into an exit status.
#pragma once

#include "report/diff.hpp"
#include "report/document.hpp"
#include "report/findings.hpp"
#include "report/leaks.hpp"
#include "report/list.hpp"
#include "report/locks.hpp"
#include "report/pending.hpp"
#include "report/stack.hpp"
#include "report/tasks.hpp"
#include "report/test.hpp"
#include "report/threads.hpp"
#include "report/tree.hpp"
#include "report/vitals.hpp"
#include "support/failure.hpp"

#include <string>
#include <variant>
#include <vector>

namespace xgops::cli {

/// Something worth knowing beside the data: goes to stderr.
struct Notice {
  std::string text;
  std::string hint = {};  ///< What to do about it; may be empty.
};

struct Report {
  std::variant<DocumentReport, ListReport, VitalsReport, ThreadsReport, TasksReport, StackReport,
               TreeReport, PendingReport, LocksReport, FindingsReport, LeaksReport, LeakTotals,
               SnapshotReport, DiffReport, TestsReport>
      body;
  ExitStatus status = ExitStatus::kOk;
  std::vector<Notice> notices = {};
};

}  // namespace xgops::cli
