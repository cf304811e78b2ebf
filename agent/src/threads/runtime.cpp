// SPDX-License-Identifier: MIT
#include "threads/runtime.hpp"

#include "threads/capture.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

struct NamedCall {
  const char* name;
  WaitCall call;
};

constexpr std::array kLibcCalls{
    NamedCall{"pthread_mutex_lock", WaitCall::kMutex},
    NamedCall{"pthread_mutex_timedlock", WaitCall::kMutex},
    NamedCall{"pthread_mutex_clocklock", WaitCall::kMutex},
    NamedCall{"mtx_lock", WaitCall::kMutex},
    NamedCall{"mtx_timedlock", WaitCall::kMutex},
    NamedCall{"pthread_rwlock_rdlock", WaitCall::kRwlockRead},
    NamedCall{"pthread_rwlock_timedrdlock", WaitCall::kRwlockRead},
    NamedCall{"pthread_rwlock_clockrdlock", WaitCall::kRwlockRead},
    NamedCall{"pthread_rwlock_wrlock", WaitCall::kRwlockWrite},
    NamedCall{"pthread_rwlock_timedwrlock", WaitCall::kRwlockWrite},
    NamedCall{"pthread_rwlock_clockwrlock", WaitCall::kRwlockWrite},
    NamedCall{"pthread_cond_wait", WaitCall::kCondition},
    NamedCall{"pthread_cond_timedwait", WaitCall::kCondition},
    NamedCall{"pthread_cond_clockwait", WaitCall::kCondition},
    NamedCall{"cnd_wait", WaitCall::kCondition},
    NamedCall{"cnd_timedwait", WaitCall::kCondition},
    NamedCall{"pthread_join", WaitCall::kJoin},
    NamedCall{"pthread_timedjoin_np", WaitCall::kJoin},
    NamedCall{"pthread_clockjoin_np", WaitCall::kJoin},
    NamedCall{"thrd_join", WaitCall::kJoin},
    NamedCall{"sem_wait", WaitCall::kSemaphore},
    NamedCall{"sem_timedwait", WaitCall::kSemaphore},
    NamedCall{"sem_clockwait", WaitCall::kSemaphore},
    NamedCall{"pthread_barrier_wait", WaitCall::kBarrier},
    NamedCall{"pthread_once", WaitCall::kOnce},
    NamedCall{"call_once", WaitCall::kOnce},
    NamedCall{"malloc", WaitCall::kMalloc},
    NamedCall{"calloc", WaitCall::kMalloc},
    NamedCall{"realloc", WaitCall::kMalloc},
    NamedCall{"free", WaitCall::kMalloc},
    NamedCall{"memalign", WaitCall::kMalloc},
    NamedCall{"aligned_alloc", WaitCall::kMalloc},
    NamedCall{"posix_memalign", WaitCall::kMalloc},
    NamedCall{"malloc_trim", WaitCall::kMalloc},
    NamedCall{"flockfile", WaitCall::kStdio},
    NamedCall{"fputs", WaitCall::kStdio},
    NamedCall{"puts", WaitCall::kStdio},
    NamedCall{"fputc", WaitCall::kStdio},
    NamedCall{"putc", WaitCall::kStdio},
    NamedCall{"putchar", WaitCall::kStdio},
    NamedCall{"printf", WaitCall::kStdio},
    NamedCall{"fprintf", WaitCall::kStdio},
    NamedCall{"vprintf", WaitCall::kStdio},
    NamedCall{"vfprintf", WaitCall::kStdio},
    NamedCall{"fwrite", WaitCall::kStdio},
    NamedCall{"fread", WaitCall::kStdio},
    NamedCall{"fgets", WaitCall::kStdio},
    NamedCall{"fgetc", WaitCall::kStdio},
    NamedCall{"getc", WaitCall::kStdio},
    NamedCall{"getline", WaitCall::kStdio},
    NamedCall{"fflush", WaitCall::kStdio},
    NamedCall{"fclose", WaitCall::kStdio},
    NamedCall{"fseek", WaitCall::kStdio},
    NamedCall{"perror", WaitCall::kStdio},
};

constexpr std::array kLibstdcxxCalls{
    NamedCall{"__cxa_guard_acquire", WaitCall::kStaticInitialization},
    // std::future and std::promise wait here, with the system's and with the steady clock.
    NamedCall{"_ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_untilEPjjbNSt6chrono8durationI"
              "lSt5ratioILl1ELl1EEEENS2_IlS3_ILl1ELl1000000000EEEE",
              WaitCall::kFuture},
    NamedCall{"_ZNSt28__atomic_futex_unsigned_base26_M_futex_wait_until_steadyEPjjbNSt6chrono8dura"
              "tionIlSt5ratioILl1ELl1EEEENS2_IlS3_ILl1ELl1000000000EEEE",
              WaitCall::kFuture},
};

void add(Runtime& runtime, const void* function, WaitCall call) {
  if (function != nullptr) {
    runtime.wait_functions.push_back({reinterpret_cast<std::uint64_t>(function), call});
  }
}

template <std::size_t N>
bool add_from_library(Runtime& runtime, const char* library,
                      const std::array<NamedCall, N>& calls) {
  // Asked of the library itself: in the whole program's scope a sanitizer's or the host's own
  // wrapper would be found instead.
  void* const handle = ::dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) {
    return false;
  }
  for (const NamedCall& named : calls) {
    add(runtime, ::dlsym(handle, named.name), named.call);
  }
  ::dlclose(handle);
  return true;
}

/// A static executable has no libraries to ask; there our own references are the functions
/// themselves.
void add_own_references(Runtime& runtime) {
  add(runtime, reinterpret_cast<const void*>(&::pthread_mutex_lock), WaitCall::kMutex);
  add(runtime, reinterpret_cast<const void*>(&::pthread_mutex_timedlock), WaitCall::kMutex);
  add(runtime, reinterpret_cast<const void*>(&::pthread_rwlock_rdlock), WaitCall::kRwlockRead);
  add(runtime, reinterpret_cast<const void*>(&::pthread_rwlock_wrlock), WaitCall::kRwlockWrite);
  add(runtime, reinterpret_cast<const void*>(&::pthread_cond_wait), WaitCall::kCondition);
  add(runtime, reinterpret_cast<const void*>(&::pthread_cond_timedwait), WaitCall::kCondition);
  add(runtime, reinterpret_cast<const void*>(&::pthread_join), WaitCall::kJoin);
  add(runtime, reinterpret_cast<const void*>(&::sem_wait), WaitCall::kSemaphore);
  add(runtime, reinterpret_cast<const void*>(&::pthread_barrier_wait), WaitCall::kBarrier);
  add(runtime, reinterpret_cast<const void*>(&::pthread_once), WaitCall::kOnce);
  add(runtime, reinterpret_cast<const void*>(&std::malloc), WaitCall::kMalloc);
  add(runtime, reinterpret_cast<const void*>(&std::free), WaitCall::kMalloc);
}

template <class Number>
Number word_at(const void* object, std::size_t offset) {
  Number value{};
  std::memcpy(&value, static_cast<const char*>(object) + offset, sizeof(value));
  return value;
}

bool check_mutex_layout(pid_t tid) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t mutex;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  ::pthread_mutex_init(&mutex, &attributes);
  ::pthread_mutex_lock(&mutex);
  const bool held = word_at<std::int32_t>(&mutex, 0) == 1 &&
                    word_at<std::int32_t>(&mutex, 8) == tid &&
                    word_at<std::int32_t>(&mutex, 16) == PTHREAD_MUTEX_RECURSIVE;
  ::pthread_mutex_unlock(&mutex);
  const bool released = word_at<std::int32_t>(&mutex, 8) == 0;
  ::pthread_mutex_destroy(&mutex);
  ::pthread_mutexattr_destroy(&attributes);
  return held && released;
}

bool check_rwlock_layout(pid_t tid) {
  pthread_rwlock_t lock;
  ::pthread_rwlock_init(&lock, nullptr);
  ::pthread_rwlock_wrlock(&lock);
  const bool written = word_at<std::int32_t>(&lock, 24) == tid;
  ::pthread_rwlock_unlock(&lock);
  ::pthread_rwlock_rdlock(&lock);
  ::pthread_rwlock_rdlock(&lock);
  const bool counted =
      word_at<std::uint32_t>(&lock, 0) >> 3U == 2 && word_at<std::int32_t>(&lock, 24) == 0;
  ::pthread_rwlock_unlock(&lock);
  ::pthread_rwlock_unlock(&lock);
  ::pthread_rwlock_destroy(&lock);
  return written && counted;
}

/// Where the calling thread's descriptor holds its TID; 0 when it cannot be told.
std::uint32_t find_descriptor_tid(pid_t tid) {
  constexpr std::uint32_t kGlibc236 = 0x2d0;
  constexpr std::uint32_t kSearchBytes =
      0x400;  // The descriptor is larger in every glibc since 2.3.
  const auto* descriptor = reinterpret_cast<const void*>(::pthread_self());
  std::uint32_t found = 0;
  std::uint32_t matches = 0;
  for (std::uint32_t offset = 0; offset < kSearchBytes; offset += 4) {
    if (word_at<std::int32_t>(descriptor, offset) == tid) {
      found = offset;
      ++matches;
      if (offset == kGlibc236) {
        return offset;
      }
    }
  }
  return matches == 1 ? found : 0;
}

bool check_stdio_layout() {
  // A stream of our own: the host's may be locked at this moment.
  char byte = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(::fmemopen(&byte, 1, "r"),
                                                               &std::fclose);
  if (stream == nullptr || stream->_lock == nullptr) {
    return false;
  }
  ::flockfile(stream.get());
  const bool held = word_at<std::int32_t>(stream->_lock, 0) == 1 &&
                    word_at<std::uint64_t>(stream->_lock, 8) == std::uint64_t{::pthread_self()};
  ::funlockfile(stream.get());
  return held;
}

}  // namespace

WaitCall Runtime::find(std::uint64_t address) const noexcept {
  const auto at = std::lower_bound(
      wait_functions.begin(), wait_functions.end(), address,
      [](const WaitFunction& function, std::uint64_t value) { return function.address < value; });
  return at != wait_functions.end() && at->address == address ? at->call : WaitCall::kNone;
}

std::shared_ptr<const Runtime> probe_runtime() {
  auto runtime = std::make_shared<Runtime>();
  if (!add_from_library(*runtime, "libc.so.6", kLibcCalls)) {
    add_own_references(*runtime);
  }
  add_from_library(*runtime, "libstdc++.so.6", kLibstdcxxCalls);
  std::sort(runtime->wait_functions.begin(), runtime->wait_functions.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  const auto tid = static_cast<pid_t>(::syscall(SYS_gettid));
  runtime->mutex_layout = check_mutex_layout(tid);
  runtime->rwlock_layout = check_rwlock_layout(tid);
  runtime->descriptor_tid_offset = find_descriptor_tid(tid);
  runtime->stdio_layout = runtime->descriptor_tid_offset != 0 && check_stdio_layout();
  return runtime;
}

}  // namespace xgops::threads
