// SPDX-License-Identifier: MIT
// Names that test frameworks allow and whose filters give them a meaning.
#pragma once

#define XGOPS_SUITE_TESTS(TEST_CASE)                                  \
  TEST_CASE("joins its thread") {                                     \
    bodies::join_a_thread();                                          \
  }                                                                   \
  TEST_CASE("forgets, [always] a \\ \"thread\" *") {                  \
    bodies::forget_a_thread();                                        \
  }                                                                   \
  TEST_CASE("forgets, [always] a \\ \"thread\" * but not this one") { \
    bodies::join_a_thread();                                          \
  }                                                                   \
  TEST_CASE("~finishes its task") {                                   \
    bodies::finish_a_task();                                          \
  }                                                                   \
  TEST_CASE("-forgets a task?") {                                     \
    bodies::forget_a_task();                                          \
  }                                                                   \
  TEST_CASE("#forks") {                                               \
    CHECK(bodies::fork_and_exit());                                   \
  }                                                                   \
  TEST_CASE("bad: fails") {                                           \
    CHECK(1 == 2);                                                    \
  }                                                                   \
  TEST_CASE("bad: crashes") {                                         \
    bodies::crash();                                                  \
  }                                                                   \
  TEST_CASE("bad: leaves") {                                          \
    ::_exit(0);                                                       \
  }                                                                   \
  TEST_CASE("hangs") {                                                \
    bodies::hang();                                                   \
  }
