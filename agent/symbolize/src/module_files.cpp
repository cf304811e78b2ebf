// SPDX-License-Identifier: MIT
// Finding the file of a module, from the surest way to the least sure one.
#include "module_files.hpp"

#include "vdso.hpp"

#include <cerrno>
#include <utility>

namespace xgops::symbolize {

namespace {

constexpr std::string_view kDeletedSuffix = " (deleted)";

std::string path_without_deleted(const Module& module) {
  const std::string& path = module.path;
  const bool has_suffix =
      path.size() > kDeletedSuffix.size() &&
      path.compare(path.size() - kDeletedSuffix.size(), kDeletedSuffix.size(), kDeletedSuffix) == 0;
  return has_suffix ? path.substr(0, path.size() - kDeletedSuffix.size()) : path;
}

/// One try after the other, until a file is the one that the target runs.
class MainFileSearch {
 public:
  MainFileSearch(const Module& module, std::vector<std::string>& problems)
      : module_(module), problems_(problems) {}

  bool try_file(const Result<UniqueFd>& file, const std::string& path, bool there) {
    if (!file) {
      // Without rights we still try other ways; that nothing is there says less than that.
      if (reason_.empty() || file.error().code != std::errc::no_such_file_or_directory) {
        reason_ = file.error().code.message();
      }
      return false;
    }
    auto image = ElfImage::open(file.value().get(), path);
    if (!image) {
      reason_ = image.error().hint.empty() ? image.error().code.message() : image.error().hint;
      return false;
    }
    return accept(*std::move(image), path, there);
  }

  bool accept(std::unique_ptr<ElfImage> image, const std::string& path, bool there) {
    if (!compatible(image->build_id(), module_.build_id)) {
      other_build_ = to_hex(image->build_id());
      return false;
    }
    if (image->build_id().empty() && !module_.build_id.empty()) {
      reason_ = "has no build-id, unlike the one in memory";
      return false;
    }
    found_ = {std::move(image), path, there};
    return true;
  }

  LocatedImage finish() {
    if (found_.image == nullptr) {
      if (!other_build_.empty()) {
        problems_.push_back("the file was replaced (build-id " + to_hex(module_.build_id) +
                            " in memory, " + other_build_ + " on disk); its names are not used");
      } else if (!reason_.empty()) {
        problems_.push_back("its file cannot be used: " + reason_);
      }
    }
    return std::move(found_);
  }

  /// Says why not to try further, unless a try has said more.
  void refuse(std::string reason) {
    if (reason_.empty()) {
      reason_ = std::move(reason);
    }
  }

 private:
  const Module& module_;
  std::vector<std::string>& problems_;
  LocatedImage found_;
  std::string reason_;
  std::string other_build_;
};

LocatedImage find_main(const Module& module, TargetFiles& target,
                       std::vector<std::string>& problems) {
  MainFileSearch search(module, problems);
  const std::string path = path_without_deleted(module);
  if (path == "[vdso]") {
    auto image = open_vdso(target, module.begin, module.build_id);
    if (!image) {
      search.refuse("the memory of the process cannot be read");
    } else {
      search.accept(*std::move(image), {}, false);
    }
    return search.finish();
  }
  if (target.has_process()) {
    if (search.try_file(target.open_mapping(module.begin, module.end), path, true)) {
      return search.finish();
    }
    // With a build-id to compare, trying is better than knowing.
    if (!module.build_id.empty() || target.is_executable(module.begin, module.end, path)) {
      auto executable = target.open_executable();
      MainFileSearch attempt(module, problems);
      if (attempt.try_file(executable, path, true)) {
        return attempt.finish();
      }
    }
  }
  if (path.empty() || path.front() != '/') {
    search.refuse("it has no path");
    return search.finish();
  }
  if ((module.deleted || path != module.path) && module.build_id.empty()) {
    search.refuse("it was deleted, and without build-id a new file cannot be told from the old");
    return search.finish();
  }
  if (target.has_process() && target.has_other_root()) {
    if (search.try_file(target.open_there(path), path, true)) {
      return search.finish();
    }
  }
  search.try_file(target.open_here(path), path, false);
  return search.finish();
}

}  // namespace

ElfImage* ModuleFiles::with_debug_info() const {
  if (debug != nullptr && debug->has_debug_info()) {
    return debug.get();
  }
  return main != nullptr && main->has_debug_info() ? main.get() : nullptr;
}

ModuleFiles find_module_files(const Module& module, TargetFiles& target, DebugFileFinder& finder) {
  ModuleFiles files;
  LocatedImage main = find_main(module, target, files.problems);
  const BuildId& build_id =
      module.build_id.empty() && main.image != nullptr ? main.image->build_id() : module.build_id;
  LocatedImage debug;
  if (main.image == nullptr || !main.image->has_debug_info()) {
    debug = finder.find(build_id, main.image.get(), path_without_deleted(module), files.problems);
  }
  if (main.image == nullptr && debug.image != nullptr) {
    files.problems.clear();  // It has all the names; nobody misses the module's own file.
  }
  if (debug.image != nullptr && debug.image->has_debug_info()) {
    files.alternate = finder.find_alternate(debug, files.problems);
  } else if (main.image != nullptr && main.image->has_debug_info()) {
    files.alternate = finder.find_alternate(main, files.problems);
  }
  files.main = std::move(main.image);
  files.debug = std::move(debug.image);
  return files;
}

}  // namespace xgops::symbolize
