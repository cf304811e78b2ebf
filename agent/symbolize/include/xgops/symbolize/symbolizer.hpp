// SPDX-License-Identifier: MIT
// Names for instruction pointers: function, inlined frames, file and line. Used by the command
// line, never inside a target.
#pragma once

#include "xgops/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace xgops::symbolize {

/// An ELF file as the target has it mapped.
struct Module {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t bias = 0;  ///< Address in memory minus address in the file.
  std::string path;        ///< As the target sees it; "[vdso]" for the kernel's.
  std::vector<std::uint8_t> build_id;
  bool deleted = false;
};

/// One line of a symbolized stack. Empty strings and line 0 mean "not known".
struct Symbol {
  std::string function;  ///< Demangled; with parameter types where the symbol has them.
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string module;  ///< Base name of the module's path; empty: in no module.
  std::uint64_t offset =
      0;                 ///< Address within the module's file; the address itself without module.
  bool inlined = false;  ///< Inlined into the next (outer) entry.
};

struct SymbolizerOptions {
  std::int32_t pid = 0;     ///< The target as this process sees it: opens deleted files and other
                            ///< mount namespaces through /proc. 0: use paths only.
  bool inlines = true;      ///< Expand inlined functions.
  bool lines = true;        ///< Look up files and lines.
  bool debuginfod = false;  ///< Ask the servers in $DEBUGINFOD_URLS for missing debug files.
  std::vector<std::string> debug_directories{"/usr/lib/debug"};
  std::string
      cache_directory;  ///< Where answers are kept between runs, by build-id; empty: nowhere.
};

/// Turns addresses into names. Opens a module's file when the first address in it is asked for,
/// reads only the compilation units needed, and remembers every answer.
///
/// Thread safety: none; use one object per thread.
class Symbolizer {
 public:
  explicit Symbolizer(SymbolizerOptions options);
  ~Symbolizer();
  Symbolizer(Symbolizer&&) noexcept;
  Symbolizer& operator=(Symbolizer&&) noexcept;
  Symbolizer(const Symbolizer&) = delete;
  Symbolizer& operator=(const Symbolizer&) = delete;

  /// Declares a module of the target. Cheap: nothing is opened yet.
  void add_module(Module module);

  /// The functions at `instruction_pointer`, innermost first: inlined ones, then the real one.
  /// Never empty: without a symbol the entry has only `module` and `offset`.
  ///
  /// `exact` says that the pointer is the next instruction (innermost frame, interrupted frame) and
  /// not a return address; a return address is looked up one byte earlier, inside its call.
  /// The reference stays valid until the object is destroyed.
  const std::vector<Symbol>& symbolize(std::uint64_t instruction_pointer, bool exact);

  /// Why names may be missing, one sentence per module ("libfoo.so.1: file was replaced ...").
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xgops::symbolize
