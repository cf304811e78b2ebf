# SPDX-License-Identifier: MIT
# xgops_add_test(NAME SOURCES ... LIBRARIES ... LABELS ... [TIMEOUT seconds]): one GoogleTest executable.

include(CTest)
if(XGOPS_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# Nobody measures a test, and it takes 0.6 of the time to compile it like that. At -O1 GCC sees variables
# without a value where there are none.
function(xgops_use_test_options target)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_options(${target} PRIVATE -O1 -g1 -Wno-maybe-uninitialized)
  endif()
endfunction()

# Half of what it takes to compile a test is GoogleTest and the library's headers: precompiled where
# this is wished. clang-tidy's build does not, so that a forgotten #include is found.
set(xgops_precompile_tests OFF)
if(XGOPS_BUILD_TESTS AND XGOPS_PRECOMPILE_TESTS)
  set(xgops_precompile_tests ON)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/test_headers.cpp" CONTENT "")
  add_executable(xgops_test_headers "${PROJECT_BINARY_DIR}/test_headers.cpp")
  target_link_libraries(xgops_test_headers PRIVATE xgops_build_flags GTest::gtest GTest::gtest_main)
  xgops_use_test_options(xgops_test_headers)
  target_precompile_headers(xgops_test_headers PRIVATE
    <gtest/gtest.h> <algorithm> <atomic> <chrono> <filesystem> <functional> <optional> <span> <string>
    <thread> <vector>)
endif()

function(xgops_add_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(XGOPS_SANITIZE)
    math(EXPR arg_TIMEOUT "3 * ${arg_TIMEOUT}")
  endif()
  add_executable(${name} ${arg_SOURCES})
  xgops_unite(${name})
  xgops_use_test_options(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} xgops_build_flags GTest::gtest GTest::gtest_main)
  if(xgops_precompile_tests)
    target_precompile_headers(${name} REUSE_FROM xgops_test_headers)
  endif()
  # PRE_TEST: the tests are listed when ctest starts, so that a build never runs our binaries.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST)
  set(cost 0)
  if("slow" IN_LIST arg_LABELS)
    set(cost 100)  # They start first, so that none is left over at the end.
  endif()
  # Not as PROPERTIES of the call above, which would let only the first of several values through.
  set(properties "${CMAKE_CURRENT_BINARY_DIR}/${name}_properties.cmake")
  file(WRITE "${properties}"
    "set_tests_properties(\${${name}_TESTS} PROPERTIES TIMEOUT ${arg_TIMEOUT}\n"
    "  COST ${cost} LABELS [==[${arg_LABELS}]==] ENVIRONMENT [==[${arg_ENVIRONMENT}]==])\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${properties}")
endfunction()
