// SPDX-License-Identifier: MIT
// Joining the parts of a source path that a line table keeps apart.
#include "source_path.hpp"

#include <algorithm>
#include <vector>

namespace xgops::symbolize {

namespace {

std::string normalized(std::string_view path) {
  const bool absolute = !path.empty() && path.front() == '/';
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") {
      continue;
    }
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !absolute) {
      parts.push_back(part);
    }
  }
  std::string text;
  for (const auto part : parts) {
    if (absolute || !text.empty()) {
      text += '/';
    }
    text += part;
  }
  return text;
}

}  // namespace

std::string join_source_path(std::string_view compilation_directory, std::string_view directory,
                             std::string_view name) {
  std::string path;
  for (const auto part : {compilation_directory, directory, name}) {
    if (part.empty()) {
      continue;
    }
    if (part.front() == '/') {
      path.clear();
    } else if (!path.empty()) {
      path += '/';
    }
    path += part;
  }
  return normalized(path);
}

}  // namespace xgops::symbolize
