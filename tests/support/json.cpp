// SPDX-License-Identifier: MIT
// Helpers over nlohmann::json that never throw on missing members.
#include "support/json.hpp"

#include <algorithm>

namespace xgops::test {

Json parse_json(const std::string& text) {
  return Json::parse(text, nullptr, false);
}

Json find_thread(const Json& document, pid_t tid) {
  const auto threads = document.find("threads");
  if (threads != document.end()) {
    for (const auto& thread : *threads) {
      if (thread.value("tid", 0) == tid) {
        return thread;
      }
    }
  }
  return nullptr;
}

std::vector<std::string> function_names(const Json& thread) {
  std::vector<std::string> names;
  if (thread.is_object() && thread.contains("frames")) {
    for (const auto& frame : thread["frames"]) {
      names.push_back(string_at(frame, "function"));
    }
  }
  return names;
}

bool has_function(const Json& thread, const std::string& part) {
  const auto names = function_names(thread);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name.find(part) != std::string::npos; });
}

std::string string_at(const Json& object, const std::string& key) {
  const auto member = object.is_object() ? object.find(key) : object.end();
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace xgops::test
