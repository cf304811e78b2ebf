// SPDX-License-Identifier: MIT
// `xgops run`: starts a program with the agent preloaded.
#include "commands/command.hpp"
#include "commands/preload.hpp"
#include "commands/run_checks.hpp"
#include "support/failure.hpp"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

enum class OnFork : std::uint8_t { kDefault, kListen, kSilent };

struct RunOptions {
  std::string directory;
  std::string log;
  std::uint32_t signal = 0;
  OnFork on_fork = OnFork::kDefault;
  bool follow = true;
  bool force = false;
  std::string library;
  std::string crash_dump;
  std::string dump_signal;
};

Result<void> set_variable(const char* name, const std::string& value) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread.
  if (::setenv(name, value.c_str(), 1) != 0) {
    return system_error(errno, name);
  }
  return {};
}

/// The environment that the agent reads; absolute paths, as the program may change its directory.
Result<void> set_environment(const RunOptions& options, const std::string& library) {
  std::vector<std::pair<const char*, std::string>> variables{{"LD_PRELOAD", preload_list(library)}};
  if (!options.directory.empty()) {
    variables.emplace_back("XGOPS_DIR", options.directory);
  }
  if (!options.log.empty()) {
    variables.emplace_back("XGOPS_LOG", options.log);
  }
  if (options.signal != 0) {
    variables.emplace_back("XGOPS_SIGNAL", std::to_string(options.signal));
  }
  if (options.on_fork != OnFork::kDefault) {
    variables.emplace_back("XGOPS_FORK", options.on_fork == OnFork::kListen ? "listen" : "silent");
  }
  if (!options.crash_dump.empty()) {
    variables.emplace_back("XGOPS_CRASH_DUMP", options.crash_dump);
  }
  if (!options.dump_signal.empty()) {
    variables.emplace_back("XGOPS_DUMP_SIGNAL", options.dump_signal);
  }
  if (!options.follow) {
    variables.emplace_back("XGOPS_FOLLOW_EXEC", "0");
  }
  for (const auto& [name, value] : variables) {
    if (auto set = set_variable(name, value); !set) {
      return set;
    }
  }
  return {};
}

Result<Report> run(Context& context, const RunOptions& options) {
  if (context.rest.empty()) {
    return failure(Failure::kUsage, "which program? none was given",
                   "`xgops run -- PROGRAM ARGUMENT...`");
  }
  for (const Result<void>& checked :
       {check_socket_directory(options.directory), check_capture_signal(options.signal),
        check_dump_signal(options.dump_signal, options.signal)}) {
    if (!checked) {
      return checked.error();
    }
  }
  auto program = preloadable_program(context, context.rest.front(), options.force);
  if (!program) {
    return std::move(program).error();
  }
  auto library = agent_library(options.library);
  if (!library) {
    return std::move(library).error();
  }
  if (environment_variable("XGOPS") == "0") {
    const Notice notice{"XGOPS=0 is set: the agent will stay off"};
    if (auto told = context.warn(notice); !told) {
      return std::move(told).error();
    }
  }
  if (auto set = set_environment(options, *library); !set) {
    return std::move(set).error();
  }
  std::vector<char*> arguments;
  for (std::string& word : context.rest) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  ::execv(program->c_str(), arguments.data());
  const int error_number = errno;
  return failure(
      error_number == EACCES || error_number == EPERM ? Failure::kPermission : Failure::kProgram,
      "cannot run " + *program + ": " + std::generic_category().message(error_number));
}

Action attach_run(OptionSet& options) {
  auto parsed = std::make_shared<RunOptions>();
  options.text("--dir", "DIRECTORY", parsed->directory,
               "Where the agent puts its socket (sets XGOPS_DIR)", Completes::kDirectory);
  options.text("--log", "FILE", parsed->log, "Where the agent logs (sets XGOPS_LOG)",
               Completes::kFile);
  options.number("--signal", "N", parsed->signal, 1, 64,
                 "The signal that running threads get (sets XGOPS_SIGNAL)");
  options.choice("--fork", "WHAT", parsed->on_fork,
                 {{"listen", OnFork::kListen}, {"silent", OnFork::kSilent}},
                 "Whether forked children have an agent: listen or silent (sets XGOPS_FORK)");
  options.text(
      "--crash-dump", "WHERE", parsed->crash_dump,
      "Where all threads and tasks go when the program crashes: stderr or a file, %p is the "
      "PID (sets XGOPS_CRASH_DUMP)",
      Completes::kFile);
  options.text("--dump-signal", "SIGNAL", parsed->dump_signal,
               "The same at this signal, such as QUIT, and the program goes on (sets "
               "XGOPS_DUMP_SIGNAL)");
  options.flag("--no-follow", parsed->follow,
               "Programs that the program executes have no agent (sets XGOPS_FOLLOW_EXEC=0)",
               false);
  options.text("--agent", "FILE", parsed->library, "The agent library to preload",
               Completes::kFile);
  options.flag("--force", parsed->force,
               "Start the program even when the agent cannot be preloaded into it");
  ArgumentModel rest;
  rest.name = "PROGRAM";
  rest.summary = "The program and its arguments";
  rest.completes = Completes::kProgram;
  options.rest(std::move(rest));
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command run_command() {
  return {
      .name = "run",
      .summary = "Run a program with the agent preloaded",
      .description =
          "Starts an unmodified, dynamically linked program with the agent in it. xgops becomes "
          "that program: PID, standard streams and exit status are its own.\n\n"
          "Programs into which nothing can be preloaded (static, setuid, not x86-64, not glibc) "
          "are refused with the reason; --force starts them without an agent. When the program "
          "cannot be started, the exit status is 2, or 3 when that is a matter of permission.",
      .examples = {{"xgops run -- redis-server /etc/redis/redis.conf",
                    "then `xgops stack -n redis-server`"},
                   {"xgops run --log /tmp/agent.log -- ./server", "with a log of the agent"},
                   {"xgops run --crash-dump crash.%p -- ./server",
                    "then, after a crash, `xgops symbolize crash.4711`"}},
      .attach = attach_run,
  };
}

}  // namespace xgops::cli
