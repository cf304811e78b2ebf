// SPDX-License-Identifier: MIT
// Finding the files that hold a module's debug information when the module itself does not.
#pragma once

#include "debuginfod.hpp"
#include "elf_image.hpp"
#include "target_files.hpp"

#include <memory>
#include <string>
#include <vector>

namespace xgops::symbolize {

/// Where an image comes from; decides where its own links are looked for.
struct LocatedImage {
  std::unique_ptr<ElfImage> image;
  std::string path;    ///< Empty: from no path.
  bool there = false;  ///< `path` is the target's and not ours.
};

class DebugFileFinder {
 public:
  DebugFileFinder(TargetFiles& target, std::vector<std::string> directories,
                  Debuginfod& debuginfod);

  /// The separate debug file of a module with this build-id (empty: not known) whose own file is
  /// `main` (null: not found) and which the target knows as `module_path`. No image: none found.
  /// What was found but does not belong is said in `problems`.
  LocatedImage find(const BuildId& build_id, const ElfImage* main, const std::string& module_path,
                    std::vector<std::string>& problems);

  /// The file that `file` shares with others (dwz). Null: none is needed or none was found.
  std::unique_ptr<ElfImage> find_alternate(const LocatedImage& file,
                                           std::vector<std::string>& problems);

 private:
  LocatedImage by_build_id(const BuildId& build_id);
  LocatedImage by_link(const DebugLink& link, const BuildId& build_id,
                       const std::string& module_path, std::vector<std::string>& problems);
  LocatedImage from_server(const BuildId& build_id, std::vector<std::string>& problems);
  LocatedImage open(const std::string& path, bool there);
  [[nodiscard]] std::vector<bool> views();

  TargetFiles& target_;
  std::vector<std::string> directories_;
  Debuginfod& debuginfod_;
};

}  // namespace xgops::symbolize
