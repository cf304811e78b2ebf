// SPDX-License-Identifier: MIT
// From the parts of a streamed answer to a report with names.
#include "commands/stack_builder.hpp"

#include "client/handshake.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace xgops::cli {
namespace {

bool is_exact(const protocol::Frame& frame) {
  return (frame.flags & protocol::kExactPointer) != 0;
}

/// The module around `address`, or null. `modules` is sorted by begin.
const protocol::Module* module_of(const std::vector<protocol::Module>& modules,
                                  std::uint64_t address) {
  auto after = std::upper_bound(
      modules.begin(), modules.end(), address,
      [](std::uint64_t value, const protocol::Module& module) { return value < module.begin; });
  if (after == modules.begin()) {
    return nullptr;
  }
  --after;
  return address < after->end ? &*after : nullptr;
}

/// What `--no-symbols` shows: module and offset, without opening any file.
std::vector<symbolize::Symbol> plain_symbols(const std::vector<protocol::Module>& modules,
                                             std::uint64_t address) {
  symbolize::Symbol symbol;
  symbol.offset = address;
  if (const protocol::Module* module = module_of(modules, address)) {
    const std::string_view path = module->path;
    symbol.module = path.substr(path.rfind('/') + 1);
    symbol.offset = address - module->bias;
  }
  return {symbol};
}

symbolize::SymbolizerOptions symbolizer_options(const SymbolOptions& options) {
  symbolize::SymbolizerOptions wanted;
  wanted.pid = options.pid;
  wanted.inlines = options.inlines;
  wanted.debuginfod = options.debuginfod;
  wanted.cache_directory = options.cache_directory;
  return wanted;
}

// How long one part may keep us from reading the next: the agent drops a client that does not read.
constexpr std::chrono::milliseconds kNamingBudget{200};

}  // namespace

StackBuilder::StackBuilder(const SymbolOptions& options)
    : options_(options), symbolizer_(symbolizer_options(options)) {}

void StackBuilder::name_locations(std::chrono::steady_clock::duration budget) {
  if (!options_.symbolize) {
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  while (report_.locations.size() < locations_.size() &&
         std::chrono::steady_clock::now() - begin < budget) {
    const protocol::Frame& frame = locations_[report_.locations.size()];
    report_.locations.push_back(symbolizer_.symbolize(frame.instruction_pointer, is_exact(frame)));
  }
}

std::uint32_t StackBuilder::location_of(const protocol::Frame& frame) {
  const auto [entry, is_new] = location_index_.try_emplace(
      {frame.instruction_pointer, is_exact(frame)}, static_cast<std::uint32_t>(locations_.size()));
  if (is_new) {
    locations_.push_back(frame);
  }
  return entry->second;
}

void StackBuilder::add(protocol::Stacks::Response part) {
  for (const protocol::Module& module : part.modules) {
    symbolizer_.add_module(
        {module.begin, module.end, module.bias, module.path, module.build_id, module.deleted});
  }
  std::move(part.modules.begin(), part.modules.end(), std::back_inserter(report_.modules));
  std::move(part.threads.begin(), part.threads.end(), std::back_inserter(threads_));
  for (const protocol::Stack& stack : part.stacks) {
    ReportStack mine;
    mine.truncated = stack.truncated;
    mine.frames.reserve(stack.frames.size());
    for (const protocol::Frame& frame : stack.frames) {
      mine.frames.push_back({frame.instruction_pointer, location_of(frame),
                             (frame.flags & protocol::kInferred) != 0});
    }
    stack_index_[stack.id] = static_cast<std::uint32_t>(report_.stacks.size());
    report_.stacks.push_back(std::move(mine));
  }
  report_.dropped = part.dropped;
  report_.truncated = part.truncated;
  report_.cost = part.cost;
  if (locations_.size() <= kMaxLocations) {
    name_locations(kNamingBudget);
  }
}

Result<StackReport> StackBuilder::finish(ProcessIdentity process) {
  if (locations_.size() > kMaxLocations) {
    return bad_answer("more than " + std::to_string(kMaxLocations) + " different addresses");
  }
  report_.process = std::move(process);
  std::sort(report_.modules.begin(), report_.modules.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::sort(threads_.begin(), threads_.end(),
            [](const auto& a, const auto& b) { return a.facts.tid < b.facts.tid; });
  report_.threads.reserve(threads_.size());
  for (protocol::ThreadStack& thread : threads_) {
    ReportThread mine{std::move(thread.facts), thread.status, thread.method,
                      std::move(thread.reason), std::nullopt};
    if (thread.stack_id != 0) {
      const auto found = stack_index_.find(thread.stack_id);
      if (found == stack_index_.end()) {
        return bad_answer("thread " + std::to_string(mine.facts.tid) + " refers to no stack");
      }
      mine.stack = found->second;
    }
    report_.threads.push_back(std::move(mine));
  }
  if (options_.symbolize) {
    name_locations(std::chrono::steady_clock::duration::max());
    report_.symbol_notes = symbolizer_.notes();
  } else {
    for (const protocol::Frame& frame : locations_) {
      report_.locations.push_back(plain_symbols(report_.modules, frame.instruction_pointer));
    }
  }
  return std::exchange(report_, {});
}

}  // namespace xgops::cli
