// SPDX-License-Identifier: MIT
// The kernel's own threads in a process: io_uring's, one that polls for work and one that reads.
#include "io_support.hpp"

#include <dirent.h>
#include <linux/io_uring.h>
#include <sys/mman.h>

namespace {

int set_up(io_uring_params& parameters) {
  return static_cast<int>(::syscall(SYS_io_uring_setup, 4, &parameters));
}

template <class T>
T* map_ring(int ring, std::size_t bytes, off_t offset) {
  void* const at =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
  if (at == MAP_FAILED) {
    target::fail("mmap");
  }
  return static_cast<T*>(at);
}

/// Has a worker read from a pipe that never has anything.
void read_by_worker(int ring, const io_uring_params& parameters) {
  static char byte = 0;
  auto* const queue = map_ring<char>(
      ring, parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
  auto* const entries =
      map_ring<io_uring_sqe>(ring, parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
  entries[0] = {};
  entries[0].opcode = IORING_OP_READ;
  entries[0].fd = target::make_pipe().first;
  entries[0].addr = reinterpret_cast<std::uintptr_t>(&byte);
  entries[0].len = 1;
  entries[0].flags = IOSQE_ASYNC;
  *reinterpret_cast<unsigned*>(queue + parameters.sq_off.array) = 0;
  __atomic_store_n(reinterpret_cast<unsigned*>(queue + parameters.sq_off.tail), 1U,
                   __ATOMIC_RELEASE);
  target::check(::syscall(SYS_io_uring_enter, ring, 1, 0, 0, nullptr, 0), "io_uring_enter");
}

/// Whether both have gone to sleep.
bool workers_sleep() {
  int sleeping = 0;
  DIR* const tasks = ::opendir("/proc/self/task");
  while (const dirent* task = ::readdir(tasks)) {
    const std::string path = std::string("/proc/self/task/") + task->d_name + "/stat";
    std::FILE* const file = std::fopen(path.c_str(), "re");
    char text[256] = "";
    if (file != nullptr) {
      const bool read = std::fgets(text, sizeof text, file) != nullptr;
      const bool sleeps =
          read && std::strstr(text, "(iou-") != nullptr && std::strstr(text, ") S ") != nullptr;
      sleeping += sleeps ? 1 : 0;
      std::fclose(file);
    }
  }
  ::closedir(tasks);
  return sleeping == 2;
}

}  // namespace

int main() {
  io_uring_params plain{};
  io_uring_params polled{};
  polled.flags = IORING_SETUP_SQPOLL;
  polled.sq_thread_idle = 1;
  const int ring = set_up(plain);
  const bool allowed = ring >= 0 && set_up(polled) >= 0;
  if (allowed) {
    read_by_worker(ring, plain);
    while (!workers_sleep()) {
      target::nap();
    }
  }
  std::printf("{\"name\":\"workers\",\"allowed\":%s}\nready\n", allowed ? "true" : "false");
  std::fflush(stdout);
  target::Scene::serve();
}
