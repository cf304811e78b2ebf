// SPDX-License-Identifier: MIT
#include "threads/wait_reason.hpp"

#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

/// Some bytes at an address, and nothing around them.
class Bytes final : public unwind::Memory {
 public:
  Bytes(std::uint64_t address, std::string bytes) : address_(address), bytes_(std::move(bytes)) {}

  bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept override {
    if (address < address_ || address - address_ > bytes_.size() ||
        bytes > bytes_.size() - (address - address_)) {
      return false;
    }
    std::memcpy(out, bytes_.data() + (address - address_), bytes);
    return true;
  }

 private:
  std::uint64_t address_;
  std::string bytes_;
};

constexpr std::uint64_t kPage = 0x7f0000001000;

class WaitReasonTest : public ::testing::Test {
 protected:
  /// A thread blocked in `call` whose argument `index` is `argument`.
  Wait wait_of(long call, std::size_t index, std::uint64_t argument, unwind::Memory& memory,
               char state = 'S') {
    SleepingThread thread;
    thread.tid = static_cast<pid_t>(::syscall(SYS_gettid));
    thread.state = state;
    thread.call.kind = SystemCallFacts::Kind::kBlocked;
    thread.call.number = static_cast<int>(call);
    thread.call.arguments[index] = argument;
    return find_wait_reason(thread, {files_, *runtime_, memory, memory, {}, true});
  }

  support::UniqueFd directory_{::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  TaskFiles files_{directory_.get()};
  std::shared_ptr<const Runtime> runtime_ = probe_runtime();
};

TEST_F(WaitReasonTest, NamesThePathThatIsOpened) {
  Bytes memory(kPage, std::string("/run/queue\0rest", 15) + std::string(300, 'x'));

  EXPECT_EQ(wait_of(SYS_open, 0, kPage, memory).detail, "open /run/queue");
  EXPECT_EQ(wait_of(SYS_openat, 1, kPage, memory).detail, "openat /run/queue");
  EXPECT_EQ(wait_of(SYS_openat2, 1, kPage, memory).detail, "openat2 /run/queue");
  EXPECT_EQ(wait_of(SYS_creat, 0, kPage, memory).detail, "creat /run/queue");
  EXPECT_EQ(wait_of(SYS_openat, 1, kPage, memory).reason, WaitReason::kSystemCall);
}

TEST_F(WaitReasonTest, NamesThePathOnADiskThatDoesNotAnswer) {
  Bytes memory(kPage, std::string("/mnt/file\0", 10) + std::string(300, 'x'));

  const Wait wait = wait_of(SYS_openat, 1, kPage, memory, 'D');

  EXPECT_EQ(wait.reason, WaitReason::kDisk);
  EXPECT_EQ(wait.detail, "openat /mnt/file");
}

TEST_F(WaitReasonTest, ReadsAPathAtTheEndOfWhatIsMapped) {
  Bytes memory(kPage - 4, std::string("/a/b/c\0", 7) + std::string(4093, 'x'));
  Bytes last(kPage + 4096 - 3, std::string("/a\0", 3));
  Bytes cut(kPage + 4096 - 3, "/ab");

  EXPECT_EQ(wait_of(SYS_openat, 1, kPage - 4, memory).detail, "openat /a/b/c");
  EXPECT_EQ(wait_of(SYS_openat, 1, kPage + 4096 - 3, last).detail, "openat /a");
  EXPECT_EQ(wait_of(SYS_openat, 1, kPage + 4096 - 3, cut).detail, "openat /ab");
  EXPECT_EQ(wait_of(SYS_openat, 1, 0, memory).detail, "openat");
}

TEST_F(WaitReasonTest, ReadsNoMoreOfAPathThanABit) {
  Bytes memory(kPage, std::string(8192, 'x'));

  EXPECT_EQ(wait_of(SYS_openat, 1, kPage, memory).detail, "openat " + std::string(255, 'x'));
}

TEST_F(WaitReasonTest, SaysOfAKernelWorkerWhatItIs) {
  Bytes memory(kPage, "");
  SleepingThread thread;
  thread.call.kind = SystemCallFacts::Kind::kBlocked;
  thread.call.number = SYS_futex;
  thread.worker = KernelWorker::kIoUring;
  const WaitContext context{files_, *runtime_, memory, memory, {}, true};

  const Wait idle = find_wait_reason(thread, context);
  thread.state = 'D';
  const Wait busy = find_wait_reason(thread, context);
  thread.state = 'S';
  thread.worker = KernelWorker::kOther;
  const Wait other = find_wait_reason(thread, context);

  EXPECT_EQ(idle.reason, WaitReason::kIoUring);
  EXPECT_EQ(idle.detail, "kernel worker");
  EXPECT_EQ(idle.system_call, -1) << "the call belongs to the thread that made it";
  EXPECT_EQ(busy.reason, WaitReason::kDisk);
  EXPECT_EQ(other.reason, WaitReason::kSystemCall);
}

TEST_F(WaitReasonTest, CallsDescriptorsWithoutPathByTheirKind) {
  Bytes memory(kPage, "");
  const support::UniqueFd fd(::eventfd(0, EFD_CLOEXEC));
  const auto number = static_cast<std::uint64_t>(fd.get());

  const Wait reads = wait_of(SYS_read, 0, number, memory);
  const Wait writes = wait_of(SYS_write, 0, number, memory);

  EXPECT_EQ(reads.reason, WaitReason::kEventRead);
  EXPECT_EQ(reads.detail, "eventfd");
  EXPECT_EQ(writes.reason, WaitReason::kSystemCall);
  EXPECT_EQ(writes.detail, "write eventfd");
  EXPECT_EQ(writes.fd, fd.get());
}

}  // namespace
}  // namespace xgops::threads
