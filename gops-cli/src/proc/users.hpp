// SPDX-License-Identifier: MIT
// Names of users, read from the password file itself: a static program has no NSS.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

namespace xgops::cli::proc {

/// "alice (uid 1000)", or "uid 1000" when the file has no such user.
[[nodiscard]] std::string describe_user(uid_t uid,
                                        const std::string& password_file = "/etc/passwd");

}  // namespace xgops::cli::proc
