// SPDX-License-Identifier: MIT
// Helpers of the end-to-end tests.
#include "e2e.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace xgops::test {

Json StackAnswer::thread(const TargetProcess& target, std::string_view name) const {
  const Json fact = target.fact(name);
  return fact.is_null() || document.is_discarded() ? Json(nullptr)
                                                   : find_thread(document, fact.value("tid", 0));
}

StackAnswer ask_for_stacks(const TargetProcess& target, std::vector<std::string> options) {
  options.insert(options.begin(), {"stack", "--json", "-p", target.pid_text()});
  StackAnswer answer;
  answer.command = target.xgops(std::move(options));
  answer.document = parse_json(answer.command.out);
  return answer;
}

std::string wait_difference(const Json& fact, const Json& thread) {
  if (!thread.is_object() || !thread.contains("wait")) {
    return "the answer lacks the thread";
  }
  const Json& wait = thread["wait"];
  std::ostringstream difference;
  std::string words = string_at(wait, "reason");
  std::replace(words.begin(), words.end(), '_', ' ');
  std::istringstream accepted(string_at(fact, "reason"));
  bool found = false;
  for (std::string one; std::getline(accepted, one, '|');) {
    found = found || one == words;
  }
  if (!found) {
    difference << "reason is \"" << words << "\"; ";
  }
  const int owner = fact.value("owner", 0);
  const int found_owner = wait["owner_tid"].is_number() ? wait["owner_tid"].get<int>() : 0;
  if (owner != 0 && found_owner != owner) {
    difference << "owner is " << found_owner << "; ";
  }
  if (owner != 0 &&
      string_at(wait, "owner_state") != (fact.value("owner_exited", false) ? "exited" : "live")) {
    difference << "owner_state is " << wait["owner_state"] << "; ";
  }
  if (wait.value("timed", false) != fact.value("timed", false)) {
    difference << "timed is " << wait["timed"] << "; ";
  }
  const int fd = fact.value("fd", -1);
  if (fd >= 0 && (!wait["fd"].is_number() || wait["fd"].get<int>() != fd)) {
    difference << "fd is " << wait["fd"] << "; ";
  }
  if (string_at(wait, "detail").find(string_at(fact, "detail")) == std::string::npos) {
    difference << "detail is " << wait["detail"] << "; ";
  }
  return difference.str();
}

std::vector<std::string> functions_containing(const Json& thread, const std::string& part) {
  std::vector<std::string> found;
  for (std::string name : function_names(thread)) {
    if (name.find(part) != std::string::npos) {
      found.push_back(std::move(name));
    }
  }
  return found;
}

int position_of(const Json& thread, const std::string& part) {
  const auto names = function_names(thread);
  const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return name.find(part) != std::string::npos;
  });
  return found != names.end() ? static_cast<int>(found - names.begin()) : -1;
}

std::vector<pid_t> thread_ids(pid_t pid) {
  std::vector<pid_t> ids;
  std::error_code ignored;
  const auto directory = std::filesystem::path("/proc") / std::to_string(pid) / "task";
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    ids.push_back(std::stoi(entry.path().filename()));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace xgops::test
