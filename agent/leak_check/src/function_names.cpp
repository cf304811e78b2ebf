// SPDX-License-Identifier: MIT
// Names functions from the debug information of this process, for reports of leak checks.
#include "xgops/leak_check_abi.h"
#include "xgops/symbolize/symbolizer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <unistd.h>

namespace xgops {
namespace {

std::vector<std::uint8_t> build_id_in(const char* notes, std::size_t bytes) {
  constexpr std::size_t kAlignment = 4;
  const auto padded = [](std::size_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); };
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes, sizeof note);
    const std::size_t name_bytes = padded(note.n_namesz);
    const std::size_t total = sizeof note + name_bytes + padded(note.n_descsz);
    if (name_bytes > bytes || total > bytes) {
      return {};
    }
    const char* const name = notes + sizeof note;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      const auto* const id = reinterpret_cast<const std::uint8_t*>(name + name_bytes);
      return {id, id + note.n_descsz};
    }
    notes += total;
    bytes -= total;
  }
  return {};
}

int add_module(dl_phdr_info* info, std::size_t /*size*/, void* context) {
  symbolize::Module module;
  module.bias = info->dlpi_addr;
  module.path = info->dlpi_name;
  if (module.path.empty()) {
    char buffer[4096];
    const ssize_t bytes = ::readlink("/proc/self/exe", buffer, sizeof buffer);
    module.path.assign(buffer, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  }
  module.begin = UINT64_MAX;
  for (const ElfW(Phdr)* header = info->dlpi_phdr; header != info->dlpi_phdr + info->dlpi_phnum;
       ++header) {
    const std::uint64_t begin = info->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_LOAD) {
      module.begin = std::min(module.begin, begin);
      module.end = std::max(module.end, begin + header->p_memsz);
    } else if (header->p_type == PT_NOTE && module.build_id.empty()) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): where the loader says that it has mapped them.
      module.build_id = build_id_in(reinterpret_cast<const char*>(begin), header->p_memsz);
    }
  }
  if (module.begin < module.end) {
    static_cast<symbolize::Symbolizer*>(context)->add_module(std::move(module));
  }
  return 0;
}

/// One function at a time, and none while the process forks: the child would wait for a thread that
/// it does not have, perhaps one that the loader waits for as well.
class NamingTurn {
 public:
  NamingTurn() noexcept { lock(); }
  ~NamingTurn() { unlock(); }
  NamingTurn(const NamingTurn&) = delete;
  NamingTurn& operator=(const NamingTurn&) = delete;

  static void look_after_forks() noexcept { ::pthread_atfork(&lock, &unlock, &unlock); }

 private:
  static void lock() noexcept { ::pthread_mutex_lock(&mutex_); }
  static void unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

  static constinit pthread_mutex_t mutex_;
};

constinit pthread_mutex_t NamingTurn::mutex_ = PTHREAD_MUTEX_INITIALIZER;

void name_function(std::uint64_t address, std::int32_t exact,
                   void (*add)(void* context, const xgops_leak_frame* frame), void* context) {
  const NamingTurn turn;
  // With the modules of the first time that somebody asked. Never destroyed: checks may run while
  // the process ends.
  static symbolize::Symbolizer* symbolizer = nullptr;
  if (symbolizer == nullptr) {
    symbolize::SymbolizerOptions options;
    options.pid = ::getpid();
    symbolizer = new symbolize::Symbolizer(std::move(options));
    ::dl_iterate_phdr(&add_module, symbolizer);
  }
  for (const symbolize::Symbol& symbol : symbolizer->symbolize(address, exact != 0)) {
    const xgops_leak_frame frame{symbol.function.c_str(), symbol.file.c_str(), symbol.line};
    add(context, &frame);
  }
}

[[gnu::constructor]] void offer_names() noexcept {
  NamingTurn::look_after_forks();
  xgops_leak_set_namer(&name_function);
}

}  // namespace
}  // namespace xgops
