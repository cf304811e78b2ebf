// SPDX-License-Identifier: MIT
// Two snapshots of one process, compared.
#pragma once

#include "findings/look.hpp"
#include "report/diff.hpp"

#include <vector>

namespace xgops::cli {

/// What became of everybody, in groups by site. Both looks are at the same process.
[[nodiscard]] std::vector<DiffRow> compare_looks(const Look& older, const Look& younger);

}  // namespace xgops::cli
