// SPDX-License-Identifier: MIT
// Why a process has no agent that answers, in one line, and what to do next.
#include "client/diagnosis.hpp"

#include "proc/files.hpp"
#include "proc/process.hpp"
#include "proc/users.hpp"
#include "support/failure.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

constexpr std::string_view kList = "`xgops list` shows every process that has one";

Error no_such_process(const proc::Table& processes, pid_t pid) {
  // A thread has a directory too, though it is not listed.
  const auto status = processes.status(pid);
  if (status && status->process_id != pid) {
    const std::string process = std::to_string(status->process_id);
    return failure(
        Failure::kNoProcess,
        std::to_string(pid) + " is a thread of process " + process + ", not a process",
        "`xgops stack -p " + process + " --thread " + std::to_string(pid) + "` shows it");
  }
  return failure(Failure::kNoProcess, "no process " + std::to_string(pid),
                 "`xgops list` shows every process that has an agent");
}

std::string looked_for(const std::vector<std::string>& searched) {
  std::string text;
  for (const std::string& path : searched) {
    text += (text.empty() ? " (looked for " : ", ") + path;
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

std::string describe_process(pid_t pid, const std::string& name) {
  return name.empty() ? std::to_string(pid) : std::to_string(pid) + " \"" + name + "\"";
}

Error explain_missing_agent(const Places& places, pid_t pid,
                            const std::vector<std::string>& searched) {
  const proc::Table& processes = places.processes;
  const auto stat = processes.stat(pid);
  const auto status = processes.status(pid);
  if (!stat || !status || status->process_id != pid) {
    return no_such_process(processes, pid);
  }
  const std::string process = "process " + describe_process(pid, stat->name);
  if (places.uid != 0 && status->uid != places.uid) {
    return failure(Failure::kOtherUser, process + " belongs to " + proc::describe_user(status->uid),
                   "only that user and root may inspect it: try `sudo xgops ...`");
  }
  if (stat->state == 'Z' || stat->state == 'X') {
    return failure(Failure::kNoProcess, process + " has ended and waits for its parent " +
                                            std::to_string(stat->parent_pid) + " (zombie)");
  }
  if (stat->kernel_thread) {
    return failure(Failure::kNoAgent, process + " is a kernel thread");
  }
  const std::string missing = "no xgops agent in " + process + looked_for(searched);
  if (processes.environment(pid, "XGOPS") == "0") {
    return failure(Failure::kNoAgent, missing,
                   "XGOPS=0 in its environment turns the agent off\n" + std::string(kList));
  }
  const auto maps = proc::read_file(processes.path(pid, "maps"));
  if (maps && maps->find("libxgops-agent.so") != std::string::npos) {
    return failure(Failure::kNoAgent, missing,
                   "the agent is loaded but found no directory for its socket, or was stopped: "
                   "XGOPS_LOG=FILE makes it say why\n" +
                       std::string(kList));
  }
  return failure(Failure::kNoAgent, missing,
                 "start the program with `xgops run -- PROGRAM`, or link it with xgops::agent\n" +
                     std::string(kList));
}

Error explain_conversation(const Places& places, pid_t pid, const std::string& name, Error error) {
  const auto stat = places.processes.stat(pid);
  error.context = "process " + describe_process(pid, name) + ": " + sentence_of(error);
  if (error.code.category() == std::generic_category()) {
    // The context says it all now; the exit status must stay what it was.
    error.code =
        exit_status_of(error) == ExitStatus::kPermission ? Failure::kPermission : Failure::kNoAgent;
  }
  if (error.code == Failure::kNoAnswer) {
    if (!stat || stat->state == 'Z') {
      error = failure(Failure::kNoProcess, "process " + describe_process(pid, name) + " has ended");
    } else if (stat->state == 'T' || stat->state == 't') {
      error.hint = "the process is stopped: `kill -CONT " + std::to_string(pid) +
                   "` lets it go on, or end its debugger";
    } else if (error.hint.empty()) {
      error.hint = "is the machine overloaded? `--timeout 30s` waits longer";
    }
  }
  return error;
}

}  // namespace xgops::cli
