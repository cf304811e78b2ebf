// SPDX-License-Identifier: MIT
// Names of users, read from the password file itself.
#include "proc/users.hpp"

#include "proc/files.hpp"
#include "support/parse.hpp"

#include <cstddef>

namespace xgops::cli::proc {

std::string describe_user(uid_t uid, const std::string& password_file) {
  std::string number = "uid " + std::to_string(uid);
  const auto text = read_file(password_file);
  if (!text) {
    return number;
  }
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    // name:password:uid:...
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) {
      continue;
    }
    const std::string_view field = line.substr(second + 1, line.find(':', second + 1) - second - 1);
    if (parse_integer<uid_t>(field) == uid) {
      return std::string(line.substr(0, first)) + " (" + number + ")";
    }
  }
  return number;
}

}  // namespace xgops::cli::proc
