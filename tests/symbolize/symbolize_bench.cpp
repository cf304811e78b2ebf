// SPDX-License-Identifier: MIT
// What names cost, beside addr2line and eu-addr2line on the same addresses.
//
// usage: symbolize_bench FILE [ADDRESSES]
//
// Takes addresses (default: 100) evenly from the functions of FILE, an executable or a library with
// debug information. Prints CPU time, which a busy machine changes less than the time on the clock.
#include "addr2line.hpp"
#include "support/command.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/time.h>

namespace {

namespace symbolize = xgops::symbolize;
using Addresses = std::vector<std::uint64_t>;

double milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double cpu_milliseconds(int who) {
  rusage usage = {};
  ::getrusage(who, &usage);
  return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

Addresses choose(const std::filesystem::path& file, std::size_t count) {
  const auto all = symbolize::test::function_addresses(file, "");
  Addresses chosen;
  for (std::size_t i = 0; i < count && !all.empty(); ++i) {
    chosen.push_back(all[i * all.size() / count]);
  }
  return chosen;
}

double ask_all(symbolize::Symbolizer& symbolizer, const Addresses& addresses) {
  const double before = cpu_milliseconds(RUSAGE_SELF);
  for (const auto address : addresses) {
    static_cast<void>(symbolizer.symbolize(address, true));
  }
  return cpu_milliseconds(RUSAGE_SELF) - before;
}

void measure(const char* label, const std::filesystem::path& file, const Addresses& addresses,
             const symbolize::SymbolizerOptions& options) {
  symbolize::Symbolizer symbolizer(options);
  symbolize::Module module;
  module.begin = 1;
  module.end = ~std::uint64_t{0};
  module.path = file;
  symbolizer.add_module(module);

  const double first = ask_all(symbolizer, {addresses.front()});
  const double cold = ask_all(symbolizer, addresses);
  Addresses neighbours = addresses;
  for (auto& address : neighbours) {
    ++address;
  }
  const double warm = ask_all(symbolizer, neighbours);
  constexpr int kRepetitions = 1000;
  double known = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    known += ask_all(symbolizer, addresses);
  }
  const auto count = static_cast<double>(addresses.size());
  std::printf("%-22s first %8.2f ms, others %8.2f ms, then %7.2f us each, again %6.3f us each\n",
              label, first, cold, warm * 1e3 / count, known * 1e3 / count / kRepetitions);
}

void measure_tool(const std::string& tool, const std::filesystem::path& file,
                  const Addresses& addresses) {
  xgops::test::Command command;
  command.arguments = {tool, "-f", "-i", "-C", "-e", file.string()};
  std::ostringstream input;
  for (const auto address : addresses) {
    input << "0x" << std::hex << address << '\n';
  }
  command.input = input.str();
  const double before = cpu_milliseconds(RUSAGE_CHILDREN);
  const auto result = xgops::test::run_command(command, std::chrono::minutes(10));
  std::printf("%-22s total %8.2f ms (status %d)\n", tool.c_str(),
              cpu_milliseconds(RUSAGE_CHILDREN) - before, result.status);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: symbolize_bench FILE [ADDRESSES]\n");
    return 64;
  }
  const auto file = std::filesystem::absolute(arguments[1]);
  std::size_t wanted = 100;
  if (count > 2) {
    const std::string_view text = arguments[2];
    std::from_chars(text.data(), text.data() + text.size(), wanted);
  }
  const auto addresses = choose(file, wanted);
  if (addresses.empty()) {
    std::fprintf(stderr, "%s has no symbol table\n", file.c_str());
    return 1;
  }
  std::printf("%s: %zu addresses\n", file.c_str(), addresses.size());
  symbolize::SymbolizerOptions options;
  measure("functions and lines", file, addresses, options);
  options.inlines = false;
  options.lines = false;
  measure("functions", file, addresses, options);
  measure_tool("addr2line", file, addresses);
  measure_tool("eu-addr2line", file, addresses);
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("largest size of this process %ld MiB\n", usage.ru_maxrss / 1024);
  return 0;
}
