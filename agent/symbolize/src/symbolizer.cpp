// SPDX-License-Identifier: MIT
// From addresses of the target to names: modules, their files, and answers given before.
#include "xgops/symbolize/symbolizer.hpp"

#include "build_id.hpp"
#include "debug_files.hpp"
#include "debuginfod.hpp"
#include "demangle.hpp"
#include "module_files.hpp"
#include "module_names.hpp"
#include "perf_map.hpp"
#include "symbol_cache.hpp"
#include "target_files.hpp"

#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <sys/stat.h>

namespace xgops::symbolize {

namespace {

std::string base_name(const std::string& path) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.size() > kDeleted.size() &&
      name.compare(name.size() - kDeleted.size(), kDeleted.size(), kDeleted) == 0) {
    name.resize(name.size() - kDeleted.size());
  }
  return name;
}

/// A file that one or more modules are mapped from.
struct KnownFile {
  std::string name;
  std::optional<ModuleNames> names;  ///< Made when the first address is asked for.
  Answers answers;                   ///< By address in the file.
  BuildId build_id;
  std::uint64_t fingerprint = 0;  ///< For the cache; 0: it has not been asked yet.
  bool has_new_answers = false;
};

/// Identity of a file by path, as part of a fingerprint: a debug file that was installed, removed
/// or replaced since makes stored names worthless.
std::uint64_t identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return 0;
  }
  const std::string text = std::to_string(status.st_dev) + ' ' + std::to_string(status.st_ino) +
                           ' ' + std::to_string(status.st_size) + ' ' +
                           std::to_string(status.st_mtim.tv_sec) + ' ' +
                           std::to_string(status.st_mtim.tv_nsec);
  return std::hash<std::string>{}(text);
}

struct LoadedModule {
  Module module;
  KnownFile* file = nullptr;
};

}  // namespace

class Symbolizer::Impl {
 public:
  explicit Impl(SymbolizerOptions options)
      : options_(std::move(options)),
        target_(options_.pid),
        debuginfod_(options_.debuginfod),
        finder_(target_, options_.debug_directories, debuginfod_),
        perf_map_(target_),
        cache_(options_.cache_directory) {}

  ~Impl() {
    for (const auto& [key, file] : files_) {
      // Answers that came with a problem are not kept: the problem would go untold the next time.
      if (file->has_new_answers && file->names && file->names->problems().empty()) {
        cache_.store(file->build_id, file->fingerprint, file->answers);
      }
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void add_module(Module module) {
    if (module.begin >= module.end) {
      return;
    }
    // What was there before has been unloaded.
    auto overlapped = modules_.lower_bound(module.begin);
    if (overlapped != modules_.begin() && std::prev(overlapped)->second.module.end > module.begin) {
      --overlapped;
    }
    while (overlapped != modules_.end() && overlapped->first < module.end) {
      overlapped = modules_.erase(overlapped);
    }
    // Equal build-ids mean equal names; a path may have meant another file before.
    const std::string key =
        module.build_id.empty() ? "path " + module.path : "id " + to_hex(module.build_id);
    auto& file = files_[key];
    if (file == nullptr) {
      file = std::make_unique<KnownFile>();
      file->name = base_name(module.path);
      file->build_id = module.build_id;
    }
    const auto begin = module.begin;
    modules_.emplace(begin, LoadedModule{std::move(module), file.get()});
  }

  const std::vector<Symbol>& symbolize(std::uint64_t instruction_pointer, bool exact) {
    // A return address may be the first byte behind its function, or even behind its module.
    const std::uint64_t address =
        exact || instruction_pointer == 0 ? instruction_pointer : instruction_pointer - 1;
    const LoadedModule* loaded = module_at(address);
    return loaded == nullptr ? outside(instruction_pointer, address, exact)
                             : inside(*loaded, instruction_pointer, address, exact);
  }

  [[nodiscard]] std::vector<std::string> notes() const {
    std::map<std::string, const KnownFile*> by_name;
    for (const auto& [key, file] : files_) {
      by_name.emplace(file->name + '\n' + key, file.get());
    }
    std::vector<std::string> notes;
    for (const auto& [name, file] : by_name) {
      if (!file->names || file->names->problems().empty()) {
        continue;
      }
      std::string note = (file->name.empty() ? "unnamed module" : file->name) + ":";
      for (const auto& problem : file->names->problems()) {
        note += (note.back() == ':' ? " " : "; ") + problem;
      }
      notes.push_back(std::move(note));
    }
    return notes;
  }

 private:
  const LoadedModule* module_at(std::uint64_t address) const {
    const auto next = modules_.upper_bound(address);
    if (next == modules_.begin() || std::prev(next)->second.module.end <= address) {
      return nullptr;
    }
    return &std::prev(next)->second;
  }

  const std::vector<Symbol>& inside(const LoadedModule& loaded, std::uint64_t instruction_pointer,
                                    std::uint64_t address, bool exact) {
    KnownFile& file = *loaded.file;
    const std::uint64_t bias = loaded.module.bias;
    const Query query{instruction_pointer - bias, exact};
    load_earlier_answers(loaded);
    const auto [answer, is_new] = file.answers.try_emplace(query);
    if (is_new) {
      if (!file.names) {
        file.names.emplace(find_module_files(loaded.module, target_, finder_), options_);
      }
      answer->second = file.names->at(address - bias);
      finish(answer->second, file.name, query.address);
      file.has_new_answers = true;
    }
    return answer->second;
  }

  void load_earlier_answers(const LoadedModule& loaded) {
    KnownFile& file = *loaded.file;
    if (file.fingerprint != 0) {
      return;
    }
    file.fingerprint = fingerprint_of(loaded.module);
    file.answers = cache_.load(file.build_id, file.fingerprint);
    for (auto& [query, symbols] : file.answers) {
      finish(symbols, file.name, query.address);
    }
  }

  /// Everything but the build-id that decides about names.
  std::uint64_t fingerprint_of(const Module& module) const {
    std::string text = std::to_string(options_.inlines) + std::to_string(options_.lines) +
                       std::to_string(options_.debuginfod) + ' ' + module.path;
    const std::string id = to_hex(module.build_id);
    if (id.size() > 2 && !options_.cache_directory.empty()) {
      for (const std::string& directory : options_.debug_directories) {
        const std::string name = "/.build-id/" + id.substr(0, 2) + '/' + id.substr(2) + ".debug";
        text += ' ' + std::to_string(identity_of(directory + name)) + ' ' +
                std::to_string(identity_of(directory + module.path));
      }
    }
    return std::hash<std::string>{}(text) | 1U;
  }

  const std::vector<Symbol>& outside(std::uint64_t instruction_pointer, std::uint64_t address,
                                     bool exact) {
    const auto [answer, is_new] = outside_answers_.try_emplace({instruction_pointer, exact});
    if (is_new) {
      const auto name = target_.has_process() ? perf_map_.find(address) : std::string_view{};
      if (!name.empty()) {
        answer->second.emplace_back().function = readable_symbol(name);
      }
      finish(answer->second, {}, instruction_pointer);
    }
    return answer->second;
  }

  static void finish(std::vector<Symbol>& symbols, const std::string& module,
                     std::uint64_t offset) {
    if (symbols.empty()) {
      symbols.emplace_back();
    }
    for (auto& symbol : symbols) {
      symbol.module = module;
      symbol.offset = offset;
    }
  }

  SymbolizerOptions options_;
  TargetFiles target_;
  Debuginfod debuginfod_;
  DebugFileFinder finder_;
  PerfMap perf_map_;
  SymbolCache cache_;
  std::map<std::uint64_t, LoadedModule> modules_;  ///< By begin; they do not overlap.
  std::unordered_map<std::string, std::unique_ptr<KnownFile>> files_;
  Answers outside_answers_;
};

Symbolizer::Symbolizer(SymbolizerOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
Symbolizer::~Symbolizer() = default;
Symbolizer::Symbolizer(Symbolizer&&) noexcept = default;
Symbolizer& Symbolizer::operator=(Symbolizer&&) noexcept = default;

void Symbolizer::add_module(Module module) {
  impl_->add_module(std::move(module));
}

const std::vector<Symbol>& Symbolizer::symbolize(std::uint64_t instruction_pointer, bool exact) {
  return impl_->symbolize(instruction_pointer, exact);
}

std::vector<std::string> Symbolizer::notes() const {
  return impl_->notes();
}

}  // namespace xgops::symbolize
