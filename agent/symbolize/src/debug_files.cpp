// SPDX-License-Identifier: MIT
// The places where separate debug files are kept, as gdb's manual lists them.
#include "debug_files.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <zlib.h>

namespace xgops::symbolize {

namespace {

constexpr std::size_t kMinBuildIdBytes = 3;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

std::string build_id_path(const std::string& directory, const BuildId& build_id) {
  const std::string digits = to_hex(build_id);
  return directory + "/.build-id/" + digits.substr(0, 2) + "/" + digits.substr(2) + ".debug";
}

std::uint32_t crc_of(const ElfImage& image) {
  const auto bytes = image.raw();
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace

DebugFileFinder::DebugFileFinder(TargetFiles& target, std::vector<std::string> directories,
                                 Debuginfod& debuginfod)
    : target_(target), directories_(std::move(directories)), debuginfod_(debuginfod) {}

std::vector<bool> DebugFileFinder::views() {
  return target_.has_other_root() ? std::vector<bool>{true, false} : std::vector<bool>{false};
}

LocatedImage DebugFileFinder::open(const std::string& path, bool there) {
  const auto file = there ? target_.open_there(path) : target_.open_here(path);
  if (!file) {
    return {};
  }
  auto image = ElfImage::open(file.value().get(), path);
  if (!image) {
    return {};
  }
  return {*std::move(image), path, there};
}

LocatedImage DebugFileFinder::find(const BuildId& build_id, const ElfImage* main,
                                   const std::string& module_path,
                                   std::vector<std::string>& problems) {
  LocatedImage found = by_build_id(build_id);
  if (found.image == nullptr && main != nullptr) {
    if (const auto link = main->debug_link()) {
      found = by_link(*link, build_id, module_path, problems);
    }
  }
  if (found.image == nullptr && debuginfod_.enabled()) {
    found = from_server(build_id, problems);
  }
  return found;
}

LocatedImage DebugFileFinder::by_build_id(const BuildId& build_id) {
  if (build_id.size() < kMinBuildIdBytes) {
    return {};
  }
  for (const bool there : views()) {
    for (const auto& directory : directories_) {
      auto found = open(build_id_path(directory, build_id), there);
      if (found.image != nullptr && found.image->build_id() == build_id) {
        return found;
      }
    }
  }
  return {};
}

LocatedImage DebugFileFinder::by_link(const DebugLink& link, const BuildId& build_id,
                                      const std::string& module_path,
                                      std::vector<std::string>& problems) {
  const std::string directory = directory_of(module_path);
  std::vector<std::string> candidates = {directory + "/" + link.name,
                                         directory + "/.debug/" + link.name};
  for (const auto& root : directories_) {
    candidates.push_back(root + directory + "/" + link.name);
  }
  bool rejected = false;
  for (const bool there : views()) {
    for (const auto& path : candidates) {
      // A file may link to its own name, for its debug file in another directory.
      auto found = path == module_path ? LocatedImage{} : open(path, there);
      if (found.image == nullptr) {
        continue;
      }
      const BuildId& other = found.image->build_id();
      // Equal build-ids say more than the checksum, which costs reading the whole file.
      if (build_id.empty() || other.empty() ? crc_of(*found.image) == link.crc
                                            : other == build_id) {
        return found;
      }
      rejected = true;
    }
  }
  if (rejected) {
    problems.push_back("the debug file " + link.name + " belongs to another build");
  }
  return {};
}

LocatedImage DebugFileFinder::from_server(const BuildId& build_id,
                                          std::vector<std::string>& problems) {
  const auto path = debuginfod_.find_debug_file(build_id);
  if (!path) {
    if (path.error().code == std::errc::timed_out) {
      problems.emplace_back(
          "the debuginfod servers did not answer in time and are not asked again");
    } else if (path.error().code == std::errc::function_not_supported) {
      problems.push_back("debuginfod is not used: " + path.error().context);
    }
    return {};
  }
  auto found = open(path.value(), false);
  if (found.image != nullptr && found.image->build_id() != build_id) {
    problems.emplace_back("debuginfod gave a debug file of another build");
    return {};
  }
  return found;
}

std::unique_ptr<ElfImage> DebugFileFinder::find_alternate(const LocatedImage& file,
                                                          std::vector<std::string>& problems) {
  const auto link = file.image->alternate_link();
  if (!link) {
    return nullptr;
  }
  const bool absolute = link->path.front() == '/';
  const std::string path = absolute ? link->path : directory_of(file.path) + "/" + link->path;
  auto found = file.path.empty() && !absolute ? LocatedImage{} : open(path, file.there);
  if (found.image == nullptr || found.image->build_id() != link->build_id) {
    found = by_build_id(link->build_id);
  }
  if (found.image == nullptr) {
    problems.push_back("the shared debug file " + link->path + " is missing");
    return nullptr;
  }
  return std::move(found.image);
}

}  // namespace xgops::symbolize
