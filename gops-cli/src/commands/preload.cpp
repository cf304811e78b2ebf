// SPDX-License-Identifier: MIT
#include "commands/preload.hpp"

#include "proc/files.hpp"
#include "proc/program.hpp"
#include "support/failure.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace xgops::cli {
namespace {

constexpr std::string_view kLibrary = "libxgops-agent.so";

/// Beside the installed or built command: ../lib and where distributions put libraries.
Result<std::string> find_library() {
  const auto self = proc::read_link("/proc/self/exe");
  if (!self) {
    return self.error();
  }
  const std::string bin = self->substr(0, self->rfind('/'));
  const std::string prefix = bin.substr(0, bin.rfind('/'));
  for (const char* folder : {"/lib/", "/lib/x86_64-linux-gnu/", "/lib64/"}) {
    std::string path = prefix + folder + std::string(kLibrary);
    if (::access(path.c_str(), R_OK) == 0) {
      return path;
    }
  }
  return failure(Failure::kProgram,
                 "the agent " + std::string(kLibrary) + " is not installed beside " + *self +
                     " (looked in " + prefix + "/lib, /lib/x86_64-linux-gnu and /lib64)",
                 "install it, or name it with --agent FILE");
}

/// Absolute: the loader looks for it from wherever the program executes another one.
Result<std::string> given_library(const std::string& path) {
  std::error_code problem;
  const auto absolute = std::filesystem::absolute(path, problem);
  // The loader only warns, and the program would have no agent.
  if (problem || ::access(absolute.c_str(), R_OK) != 0) {
    return failure(Failure::kProgram, "cannot read the agent's library, " + path,
                   "--agent takes the path of libxgops-agent.so");
  }
  return absolute.lexically_normal().string();
}

}  // namespace

std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread.
  return value == nullptr ? std::string() : std::string(value);
}

Result<std::string> preloadable_program(const Context& context, const std::string& name,
                                        bool force) {
  auto program = proc::find_program(name, environment_variable("PATH"));
  if (program && !force) {
    if (auto fits = proc::check_preloadable(*program, context.places.uid); !fits) {
      return std::move(fits).error();
    }
  }
  return program;
}

Result<std::string> agent_library(const std::string& given) {
  auto library = given.empty() ? find_library() : given_library(given);
  if (library && library->find_first_of(": ") != std::string::npos) {
    return failure(Failure::kProgram, "LD_PRELOAD cannot carry the path of the agent, " + *library,
                   "it must be without blanks and colons");
  }
  return library;
}

std::string preload_list(const std::string& library) {
  const std::string others = environment_variable("LD_PRELOAD");
  return others.empty() ? library : library + ":" + others;
}

}  // namespace xgops::cli
