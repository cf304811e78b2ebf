// SPDX-License-Identifier: MIT
// From raw stacks and modules that come in parts to stacks with names.
#include "commands/stack_table_builder.hpp"

#include "client/handshake.hpp"

#include <algorithm>
#include <iterator>
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

// As gdb calls it. The function has no name in most C libraries, and none that says anything.
constexpr const char* kSignalReturn = "<signal handler called>";

// How long one part may keep us from reading the next: the agent drops a client that does not read.
constexpr std::chrono::milliseconds kNamingBudget{200};

}  // namespace

StackTableBuilder::StackTableBuilder(const SymbolOptions& options)
    : options_(options), symbolizer_(symbolizer_options(options)) {}

void StackTableBuilder::name_locations(std::chrono::steady_clock::duration budget) {
  if (!options_.symbolize) {
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  while (table_.locations.size() < locations_.size() &&
         std::chrono::steady_clock::now() - begin < budget) {
    const protocol::Frame& frame = locations_[table_.locations.size()];
    table_.locations.push_back(symbolizer_.symbolize(frame.instruction_pointer, is_exact(frame)));
  }
}

std::uint32_t StackTableBuilder::location_of(const protocol::Frame& frame) {
  const auto [entry, is_new] = location_index_.try_emplace(
      {frame.instruction_pointer, is_exact(frame)}, static_cast<std::uint32_t>(locations_.size()));
  if (is_new) {
    locations_.push_back(frame);
  }
  return entry->second;
}

void StackTableBuilder::add(std::vector<protocol::Module> modules,
                            const std::vector<protocol::Stack>& stacks) {
  for (const protocol::Module& module : modules) {
    symbolizer_.add_module(
        {module.begin, module.end, module.bias, module.path, module.build_id, module.deleted});
  }
  std::move(modules.begin(), modules.end(), std::back_inserter(table_.modules));
  for (const protocol::Stack& stack : stacks) {
    ReportStack mine;
    mine.truncated = stack.truncated;
    mine.frames.reserve(stack.frames.size());
    for (const protocol::Frame& frame : stack.frames) {
      mine.frames.push_back({frame.instruction_pointer, location_of(frame),
                             (frame.flags & protocol::kInferred) != 0});
    }
    // Whoever was interrupted, not called, has the kernel's frame of a signal on top of it.
    for (std::size_t i = 1; i < stack.frames.size(); ++i) {
      if (is_exact(stack.frames[i])) {
        signal_returns_.push_back(mine.frames[i - 1].location);
      }
    }
    stack_index_[stack.id] = static_cast<std::uint32_t>(table_.stacks.size());
    table_.stacks.push_back(std::move(mine));
  }
  if (locations_.size() <= kMaxLocations) {
    name_locations(kNamingBudget);
  }
}

std::uint32_t StackTableBuilder::add_function(std::uint64_t address) {
  return location_of({address, protocol::kExactPointer});
}

std::optional<std::uint32_t> StackTableBuilder::index_of(std::uint32_t stack_id) const {
  const auto found = stack_index_.find(stack_id);
  return found == stack_index_.end() ? std::nullopt : std::optional(found->second);
}

Result<StackTable> StackTableBuilder::finish() {
  if (locations_.size() > kMaxLocations) {
    return bad_answer("more than " + std::to_string(kMaxLocations) + " different addresses");
  }
  std::sort(table_.modules.begin(), table_.modules.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  if (options_.symbolize) {
    name_locations(std::chrono::steady_clock::duration::max());
    table_.symbol_notes = symbolizer_.notes();
  } else {
    for (const protocol::Frame& frame : locations_) {
      table_.locations.push_back(plain_symbols(table_.modules, frame.instruction_pointer));
    }
  }
  for (const std::uint32_t location : signal_returns_) {
    table_.locations[location].back().function = kSignalReturn;
  }
  return std::exchange(table_, {});
}

}  // namespace xgops::cli
