// SPDX-License-Identifier: MIT
// What the kernels share: real concurrency bugs of Go projects, reduced (GoBench GoKer, CGO 2021),
// with names, a list, and a main that waits until each has become what it is.
#pragma once

#include <map>
#include <string>

namespace kernels {

/// With the mistake, or with what its project did about it.
enum class Kind { kBug, kFixed };

/// `argv[1]` names a kernel, `argv[2]` is `bug` or `fixed`. Exits with 64 for anything else.
template <class Kernel>
struct Choice {
  Kernel run = nullptr;
  Kind kind = Kind::kBug;
};

template <class Kernel>
Choice<Kernel> choose(int argc, char** argv, const std::map<std::string, Kernel>& all) {
  Choice<Kernel> choice;
  if (argc == 3) {
    const auto found = all.find(argv[1]);
    choice.run = found == all.end() ? nullptr : found->second;
    choice.kind = std::string(argv[2]) == "fixed" ? Kind::kFixed : Kind::kBug;
  }
  return choice;
}

}  // namespace kernels
