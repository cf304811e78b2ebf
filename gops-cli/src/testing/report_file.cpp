// SPDX-License-Identifier: MIT
#include "testing/report_file.hpp"

#include "support/failure.hpp"
#include "support/unique_fd.hpp"
#include "xgops/protocol/codec.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <set>
#include <span>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

using protocol::TestReport;
using Symbols = std::vector<symbolize::Symbol>;

Error bad_report(std::string what) {
  return failure(Failure::kBadAnswer, "the report of the program " + std::move(what));
}

/// Names the frames of one report.
class Namer {
 public:
  Namer(std::vector<protocol::Module> modules, const std::string& cache_directory)
      : symbolizer_(options(cache_directory)) {
    for (protocol::Module& module : modules) {
      symbolizer_.add_module({module.begin, module.end, module.bias, std::move(module.path),
                              std::move(module.build_id), module.deleted});
    }
  }

  Symbols name(const std::vector<protocol::LeakFrame>& frames) {
    Symbols symbols;
    for (const protocol::LeakFrame& frame : frames) {
      if (frame.instruction_pointer != 0) {
        const bool exact = (frame.flags & protocol::kExactPointer) != 0;
        const Symbols& found = symbolizer_.symbolize(frame.instruction_pointer, exact);
        symbols.insert(symbols.end(), found.begin(), found.end());
      } else {
        symbolize::Symbol symbol;
        symbol.function = frame.function;
        symbol.file = frame.file;
        symbol.line = frame.line;
        symbols.push_back(std::move(symbol));
      }
    }
    return symbols;
  }

 private:
  static symbolize::SymbolizerOptions options(const std::string& cache_directory) {
    symbolize::SymbolizerOptions options;
    options.cache_directory = cache_directory;
    return options;
  }

  symbolize::Symbolizer symbolizer_;
};

/// What is below the one who asked for a thread: the C++ library's, and ours.
bool is_below_creation(const symbolize::Symbol& symbol) {
  constexpr std::array<std::string_view, 6> kPrefixes{
      "std::", "pthread_create", "xgops_", "xgops::", "__gthread", "boost::thread::"};
  const std::string_view function = symbol.function;
  return function.empty() || symbol.module.starts_with("libxgops-agent") ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](std::string_view prefix) { return function.starts_with(prefix); });
}

Symbols from_creation(Symbols symbols) {
  const auto first = std::find_if_not(symbols.begin(), symbols.end(), is_below_creation);
  if (first != symbols.end()) {
    symbols.erase(symbols.begin(), first);
  }
  return symbols;
}

bool is_library_thread(const TestLeak& leak, const std::set<std::string>& functions) {
  return leak.is_thread &&
         std::any_of(leak.frames.begin(), leak.frames.end(), [&](const symbolize::Symbol& frame) {
           return std::any_of(functions.begin(), functions.end(), [&](const std::string& function) {
             return frame.function == function || frame.function.starts_with(function + "(");
           });
         });
}

/// FNV-1a, which is the same on every machine and in every version.
class StableHash {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      add_byte(static_cast<std::uint8_t>(c));
    }
    add_byte(0);
  }
  [[nodiscard]] std::string text() const {
    std::array<char, 17> digits{};
    (void)std::snprintf(digits.data(), digits.size(), "%016llx",
                        static_cast<unsigned long long>(hash_));
    return digits.data();
  }

 private:
  void add_byte(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3U; }
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

/// Functions, not lines, so that an edit elsewhere in the file changes nothing.
std::string fingerprint_of(const TestLeak& leak) {
  StableHash hash;
  hash.add(leak.is_thread ? "thread" : "task");
  hash.add(leak.state);
  for (const Symbols* const stack : {&leak.created, &leak.frames}) {
    const symbolize::Symbol* const frame = own_frame(*stack);
    hash.add(frame == nullptr ? std::string_view() : frame->function);
  }
  return hash.text();
}

}  // namespace

std::string read_report_file(const std::string& path) {
  // The program may have put anything in its place.
  const UniqueFd file(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {};
  }
  // A byte more than is read of any: then it is too large.
  std::string content(std::size_t{protocol::kMaxTestReportBytes} + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 1;
  while (size < content.size() && got > 0) {
    got = ::read(file.get(), content.data() + size, content.size() - size);
    size += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  content.resize(size);
  return content;
}

Result<TestReport> parse_test_report(std::string_view file) {
  const auto bytes = std::as_bytes(std::span(file.data(), file.size()));
  if (bytes.size() > protocol::kMaxTestReportBytes) {
    return bad_report("is larger than any that an agent writes");
  }
  if (bytes.size() < protocol::kHeaderBytes) {
    return bad_report("is cut short");
  }
  const auto header =
      protocol::decode_header(bytes.first<protocol::kHeaderBytes>(), protocol::kMaxTestReportBytes);
  if (!header) {
    return bad_report("makes no sense: " + header.error().message());
  }
  const auto payload = bytes.subspan(protocol::kHeaderBytes);
  if (header->type != TestReport::kType) {
    return bad_report("is something else");
  }
  if (header->payload_bytes != payload.size()) {
    return bad_report("is cut short");
  }
  auto report = protocol::decode<TestReport>(payload);
  if (!report) {
    return bad_report("makes no sense: " + report.error().message());
  }
  return report;
}

std::vector<TestLeak> name_leaks(TestReport report, const std::string& cache_directory) {
  const std::set<std::string> library(report.library.begin(), report.library.end());
  Namer namer(std::move(report.modules), cache_directory);
  std::vector<TestLeak> leaks;
  for (protocol::LeakGroup& group : report.groups) {
    TestLeak leak;
    leak.is_thread = group.is_thread;
    leak.fate = group.fate;
    leak.count = group.count;
    leak.ids = std::move(group.ids);
    leak.state = std::move(group.state);
    leak.object = std::move(group.object);
    leak.why = std::move(group.why);
    leak.name = std::move(group.name);
    leak.labels = std::move(group.labels);
    leak.age_ns = group.age_ns;
    leak.frames = namer.name(group.frames);
    leak.created = from_creation(namer.name(group.created));
    leak.fingerprint = fingerprint_of(leak);
    if (!is_library_thread(leak, library)) {
      leaks.push_back(std::move(leak));
    }
  }
  return leaks;
}

bool is_of_the_runtime(const symbolize::Symbol& symbol) {
  constexpr std::array<std::string_view, 6> kModules{"libc.so",  "libstdc++",      "libpthread",
                                                     "ld-linux", "libxgops-agent", "[vdso]"};
  return symbol.file.starts_with("/usr/include/") || symbol.function.starts_with("std::") ||
         std::any_of(kModules.begin(), kModules.end(),
                     [&](std::string_view name) { return symbol.module.starts_with(name); });
}

const symbolize::Symbol* own_frame(const Symbols& frames) {
  const auto found = std::find_if(frames.begin(), frames.end(), [](const auto& symbol) {
    return !is_of_the_runtime(symbol) && !symbol.function.empty();
  });
  return found == frames.end() ? nullptr : &*found;
}

}  // namespace xgops::cli
