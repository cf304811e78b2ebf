// SPDX-License-Identifier: MIT
// What a leak check is to find: kernels, published patterns and scenarios, and what is no leak.
#pragma once

#include "tasks.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace kernels {

/// Leaked tasks that wait for the same kind of thing.
struct Leak {
  const char* reason = "";  ///< As the catalogue of kernels has it: "chan_send", "mutex_lock".
  std::uint64_t count = 1;
  std::uint64_t blocked = 0;  ///< Of these: found to be blocked for good.
};

struct Entry {
  std::string id;
  TaskKernel run = nullptr;
  std::vector<Leak> leaks = {};
  bool has_twin = true;
  unsigned workers = 0;         ///< 0: on the test's thread, until nothing is ready.
  TaskKernel before = nullptr;  ///< What exists before the check is opened.
  bool can_be_woken = false;    ///< Somebody still has what its tasks wait for: nothing is proven.
};

/// Of which nothing may be said, neither while it goes on nor at its end.
struct Control {
  std::string id;
  TaskKernel run = nullptr;
  unsigned workers = 0;
};

/// What kernels leave behind, by `TaskKernel`'s maps.
const std::vector<Entry>& kernel_entries();                // kernel_entries.cpp
const std::vector<Entry>& pattern_entries();               // patterns.cpp
const std::vector<Entry>& micro_entries();                 // micro.cpp
const std::vector<Entry>& known_false_negative_entries();  // globals.cpp
const std::vector<Entry>& scenario_entries();              // scenarios.cpp
const std::vector<Control>& negative_controls();           // leak_controls.cpp

}  // namespace kernels
