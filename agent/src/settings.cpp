// SPDX-License-Identifier: MIT
// Reading options and environment variables.
#include "settings.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace xgops::agent {
namespace {

using protocol::EnvironmentLookup;

Error invalid(std::string what, std::string hint) {
  return system_error(EINVAL, std::move(what), std::move(hint));
}

/// The caller's options as this version knows them.
Result<xgops_agent_options> copy_options(const xgops_agent_options* options) {
  xgops_agent_options known{};
  if (options == nullptr) {
    return known;
  }
  if (options->size < sizeof options->size) {
    return invalid("xgops_agent_options.size", "set it to sizeof(xgops_agent_options)");
  }
  std::memcpy(&known, options, std::min(options->size, sizeof known));
  // Fields that a newer header added: zero means "as before", anything else we cannot obey.
  const auto* const bytes = reinterpret_cast<const char*>(options);
  for (std::size_t i = sizeof known; i < options->size; ++i) {
    if (bytes[i] != 0) {
      return invalid("xgops_agent_options", "the agent is older than the header; update it");
    }
  }
  return known;
}

/// "none" or the number of a signal that a program may handle.
Result<int> parse_signal(const std::string& text) {
  if (text == "none") {
    return static_cast<int>(XGOPS_SIGNAL_NONE);
  }
  int signal = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, signal);
  if (error != std::errc{} || stop != end) {
    return invalid("XGOPS_SIGNAL=" + text, "use the number of a realtime signal, or none");
  }
  return signal;
}

/// What the program asked for, and the environment.
Result<crash::Options> read_dump_options(const xgops_agent_options& asked,
                                         const EnvironmentLookup& environment) {
  crash::Options options;
  options.request_signal = asked.dump_signal;
  std::string destination = asked.crash_dump != nullptr ? asked.crash_dump : "";
  if (auto text = environment("XGOPS_CRASH_DUMP")) {
    destination = std::move(*text);
  }
  if (!destination.empty()) {
    auto path = crash::parse_destination(destination);
    if (!path) {
      return std::move(path).error();
    }
    options.on_crash = true;
    options.path = *std::move(path);
  }
  const auto text = environment("XGOPS_DUMP_SIGNAL");
  const std::string signal = text ? *text : std::to_string(asked.dump_signal);
  const auto number = signal == "0" ? 0 : crash::parse_request_signal(signal);
  if (!number) {
    return invalid(text ? "XGOPS_DUMP_SIGNAL=" + *text : "dump_signal " + signal,
                   "use a signal that a program may handle and that is none of a crash, such as "
                   "QUIT or USR2");
  }
  options.request_signal = *number;
  return options;
}

Result<bool> parse_fork_policy(const std::string& text) {
  if (text != "listen" && text != "silent") {
    return invalid("XGOPS_FORK=" + text, "use listen or silent");
  }
  return text == "listen";
}

Result<void> check_signal(int signal) {
  // Ordinary signals have meanings to the host and do not queue.
  const bool is_usable = signal == XGOPS_SIGNAL_NONE || signal == XGOPS_SIGNAL_DEFAULT ||
                         (signal >= SIGRTMIN && signal <= SIGRTMAX);
  return is_usable ? Result<void>()
                   : invalid("signal " + std::to_string(signal),
                             "use a realtime signal from " + std::to_string(SIGRTMIN) + " to " +
                                 std::to_string(SIGRTMAX) + ", or none");
}

}  // namespace

bool is_disabled(const EnvironmentLookup& environment) {
  return environment("XGOPS") == "0";
}

Result<Settings> read_settings(const xgops_agent_options* options, Mode mode,
                               const EnvironmentLookup& environment, std::uint32_t user) {
  const auto copied = copy_options(options);
  if (!copied) {
    return copied.error();
  }
  const xgops_agent_options& asked = copied.value();
  const std::string directory = asked.directory != nullptr ? asked.directory : "";
  if (!directory.empty() && directory.front() != '/') {
    return invalid("directory " + directory, "use an absolute path");
  }
  if (asked.on_fork != XGOPS_FORK_LISTEN && asked.on_fork != XGOPS_FORK_SILENT) {
    return invalid("on_fork " + std::to_string(asked.on_fork), "use XGOPS_FORK_LISTEN or _SILENT");
  }

  Settings settings{.mode = mode,
                    .directories = {},
                    .log_file = asked.log_file != nullptr ? asked.log_file : "",
                    .signal = asked.signal,
                    .listens_after_fork = asked.on_fork == XGOPS_FORK_LISTEN,
                    .make_dumpable = asked.make_dumpable != 0};
  // A directory that the program chose stands where XGOPS_DIR would.
  settings.directories = protocol::socket_directories(
      [&](std::string_view name) {
        auto value = environment(name);
        const bool is_chosen = value && value->starts_with('/');
        return name == "XGOPS_DIR" && !is_chosen && !directory.empty() ? std::optional(directory)
                                                                       : std::move(value);
      },
      user);
  if (auto log_file = environment("XGOPS_LOG")) {
    settings.log_file = std::move(*log_file);
  }
  if (!settings.log_file.empty() && settings.log_file.front() != '/') {
    // What becomes a daemon goes to another directory.
    std::array<char, PATH_MAX> here{};
    if (::getcwd(here.data(), here.size()) != nullptr) {
      settings.log_file.insert(0, std::string(here.data()) + "/");
    }
  }
  if (const auto text = environment("XGOPS_SIGNAL"); text && !text->empty()) {
    const auto signal = parse_signal(*text);
    if (!signal) {
      return signal.error();
    }
    settings.signal = signal.value();
  }
  if (const auto valid = check_signal(settings.signal); !valid) {
    return valid.error();
  }
  if (const auto text = environment("XGOPS_FORK"); text && !text->empty()) {
    const auto listens = parse_fork_policy(*text);
    if (!listens) {
      return listens.error();
    }
    settings.listens_after_fork = listens.value();
  }
  if (const auto text = environment("XGOPS_DUMPABLE"); text && !text->empty()) {
    settings.make_dumpable = *text != "0";
  }
  auto dumps = read_dump_options(asked, environment);
  if (!dumps) {
    return std::move(dumps).error();
  }
  settings.dumps = *std::move(dumps);
  return settings;
}

EnvironmentLookup process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* const value = ::secure_getenv(std::string(name).c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  };
}

std::optional<std::string> without_preload(std::string_view preload, std::string_view name) {
  std::string rest;
  bool is_found = false;
  while (!preload.empty()) {
    const std::size_t end = std::min(preload.find_first_of(" :"), preload.size());
    const std::string_view entry = preload.substr(0, end);
    preload.remove_prefix(std::min(end + 1, preload.size()));
    if (entry.substr(entry.rfind('/') + 1) == name) {
      is_found = true;
    } else if (!entry.empty()) {
      rest += rest.empty() ? "" : ":";
      rest += entry;
    }
  }
  return is_found ? std::optional(std::move(rest)) : std::nullopt;
}

}  // namespace xgops::agent
