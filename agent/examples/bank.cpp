// SPDX-License-Identifier: MIT
// A program that knows nothing of xgops and hangs: two transfers take two mutexes in opposite
// order.
#include <barrier>
#include <cstdio>
#include <mutex>
#include <thread>

#include <pthread.h>

struct Account {
  std::mutex mutex;
  long balance = 100;
};

static std::barrier both_hold_one(2);  // Else it would hang only now and then.

static void transfer(Account& from, Account& to) {
  const std::lock_guard take(from.mutex);
  both_hold_one.arrive_and_wait();
  const std::lock_guard give(to.mutex);
  from.balance -= 10;
  to.balance += 10;
}

int main() {
  Account savings;
  Account checking;
  std::thread deposit([&] { transfer(checking, savings); });
  ::pthread_setname_np(deposit.native_handle(), "deposit");
  std::thread withdraw([&] { transfer(savings, checking); });
  ::pthread_setname_np(withdraw.native_handle(), "withdraw");
  std::puts("two transfers are under way");
  std::fflush(stdout);
  deposit.join();
  withdraw.join();
}
