// SPDX-License-Identifier: MIT
// Reports as JSON for programs: one object on one line, with a schema name and version. The names
// and meanings are those of gops-cli/schema/. No I/O.
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
#include "report/threads.hpp"
#include "report/tree.hpp"
#include "report/vitals.hpp"
#include "xgops/result.hpp"

#include <string>

namespace xgops::cli {

[[nodiscard]] std::string document_json(const DocumentReport& report);
[[nodiscard]] std::string list_json(const ListReport& report);
[[nodiscard]] std::string vitals_json(const VitalsReport& report);
[[nodiscard]] std::string threads_json(const ThreadsReport& report);
[[nodiscard]] std::string stack_json(const StackReport& report);
[[nodiscard]] std::string tasks_json(const TasksReport& report);
[[nodiscard]] std::string pending_json(const PendingReport& report);
[[nodiscard]] std::string locks_json(const LocksReport& report);
[[nodiscard]] std::string findings_json(const FindingsReport& report);
/// SARIF 2.1.0, see docs.oasis-open.org/sarif/sarif/v2.1.0.
[[nodiscard]] std::string findings_sarif(const FindingsReport& report);
[[nodiscard]] std::string leaks_json(const LeaksReport& report);
[[nodiscard]] std::string snapshot_json(const SnapshotReport& report);
[[nodiscard]] std::string diff_json(const DiffReport& report);
[[nodiscard]] std::string tree_json(const TreeReport& report);
[[nodiscard]] std::string error_json(const Error& error);

}  // namespace xgops::cli
