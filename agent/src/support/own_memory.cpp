// SPDX-License-Identifier: MIT
#include "support/own_memory.hpp"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace xgops::support {

std::size_t copy_own_memory(std::uint64_t address, void* out, std::size_t bytes) noexcept {
  iovec local{out, bytes};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of ours, handed to the kernel only.
  iovec remote{reinterpret_cast<void*>(address), bytes};
  // The thread's own id: the main thread may have ended, and then the process's id names no memory.
  // The raw call: sanitizers would check `remote` against their own idea of what is valid.
  const long copied =
      ::syscall(SYS_process_vm_readv, ::syscall(SYS_gettid), &local, 1L, &remote, 1L, 0L);
  return copied < 0 ? 0 : static_cast<std::size_t>(copied);
}

}  // namespace xgops::support
