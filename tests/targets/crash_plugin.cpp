// SPDX-License-Identifier: MIT
// Crashes while it is loaded: the loader's lock is held.

__attribute__((noinline)) void crash_in_constructor() {
  int* volatile nowhere = nullptr;
  *const_cast<volatile int*>(nowhere) = 1;
}

__attribute__((constructor)) static void on_load() {
  crash_in_constructor();
}
