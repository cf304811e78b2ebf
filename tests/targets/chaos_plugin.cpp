// SPDX-License-Identifier: MIT
// A library that comes and goes. Built under several names.

extern "C" __attribute__((visibility("default"))) int plugin_work(int rounds) {
  volatile int sum = 0;
  for (int i = 0; i < rounds; ++i) {
    sum = sum + i * 7;
  }
  return sum;
}
