// SPDX-License-Identifier: MIT
#include "output/dump_text.hpp"

#include "output/escape.hpp"
#include "output/wait_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <time.h>

namespace xgops::cli {
namespace {

constexpr std::array<std::string_view, 32> kNames{
    "",          "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};

struct CodeWords {
  int signal;
  int code;
  std::string_view words;
};
// sigaction(2); numbers of x86-64, whatever machine reads the dump.
constexpr std::array kCodes{
    CodeWords{11, 1, "address not mapped"},
    CodeWords{11, 2, "access not permitted"},
    CodeWords{11, 128, "general protection fault"},
    CodeWords{7, 1, "misaligned address"},
    CodeWords{7, 2, "no memory behind the address"},
    CodeWords{7, 3, "hardware error"},
    CodeWords{8, 1, "integer division by zero"},
    CodeWords{8, 2, "integer overflow"},
    CodeWords{8, 3, "floating-point division by zero"},
    CodeWords{4, 1, "illegal opcode"},
    CodeWords{4, 2, "illegal operand"},
};

std::string time_text(std::uint64_t time_ns) {
  const auto seconds = static_cast<time_t>(time_ns / 1'000'000'000);
  tm parts{};
  if (time_ns == 0 || ::gmtime_r(&seconds, &parts) == nullptr) {
    return {};
  }
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%F %T UTC", &parts);
  return {text.data(), length};
}

/// "SIGSEGV (address not mapped) at 0x10", "SIGABRT", "SIGQUIT from process 12".
std::string what_happened(const DumpSignal& signal, std::int32_t own_pid) {
  std::string text = signal_name(signal.signal);
  if (const auto words = code_words(signal.signal, signal.code); !words.empty()) {
    text += " (" + std::string(words) + ")";
  } else if (signal.code > 0) {
    text += " (code " + std::to_string(signal.code) + ")";
  }
  // The kernel does not tell which address a general protection fault was about.
  constexpr int kFromKernel = 128;
  if (signal.address && signal.code > 0 && signal.code != kFromKernel) {
    text += " at " + hex_text(*signal.address);
  }
  if (signal.code <= 0 && signal.sender != 0 && signal.sender != own_pid) {
    text += " from process " + std::to_string(signal.sender);
  }
  return text;
}

}  // namespace

std::string signal_name(int signal) {
  const auto index = static_cast<std::size_t>(signal);
  return signal > 0 && index < kNames.size() ? std::string(kNames[index])
                                             : "signal " + std::to_string(signal);
}

std::string_view code_words(int signal, int code) {
  const auto* const found = std::find_if(kCodes.begin(), kCodes.end(), [&](const CodeWords& known) {
    return known.signal == signal && known.code == code;
  });
  return found == kCodes.end() ? std::string_view() : found->words;
}

std::string dump_head(const StackReport& report) {
  const DumpFacts& dump = *report.dump;
  ThreadNames names;
  for (const ReportThread& thread : report.threads) {
    names[thread.facts.tid] = thread.facts.name;
  }
  std::string text = dump.is_crash ? "crash" : "dump";
  text += " of process " + std::to_string(report.process.pid);
  if (!report.process.name.empty()) {
    text += " (" + escape(report.process.name) + ")";
  }
  // Without a signal when the program asked for it itself.
  text +=
      dump.signal.signal == 0 ? ", written" : ": " + what_happened(dump.signal, report.process.pid);
  text += " in " + describe_thread(dump.signal.tid, names);
  if (const std::string time = time_text(dump.time_ns); !time.empty()) {
    text += ", " + time;
  }
  text += '\n';
  for (const DumpSignal& other : dump.others) {
    text += "also: " + what_happened(other, report.process.pid) + " in " +
            describe_thread(other.tid, names) + "\n";
  }
  return text + '\n';
}

}  // namespace xgops::cli
