# SPDX-License-Identifier: MIT
# The program `mixed` in the dialects of two compilers: each leaves other traces on the stack.
find_path(XGOPS_ASIO_INCLUDE_DIR asio.hpp)
find_program(XGOPS_CLANGXX NAMES clang++ clang++-14)

if(NOT XGOPS_ASIO_INCLUDE_DIR)
  message(STATUS "Asio not found: the targets mixed-* are left out")
  return()
endif()

set(gcc_dialects
  "O0:-O0"
  "Og:-Og"
  "O2:-O2"
  "O3:-O3 -march=x86-64-v2"
  "Os:-Os"
  "fp:-O2 -fno-omit-frame-pointer")
set(clang_dialects
  "clang-O0:-O0"
  "clang-O2:-O2"
  "clang-fp:-O2 -fno-omit-frame-pointer")

foreach(dialect IN LISTS gcc_dialects)
  string(REGEX MATCH "^([^:]+):(.*)$" _ "${dialect}")
  set(name "mixed-${CMAKE_MATCH_1}")
  separate_arguments(options UNIX_COMMAND "${CMAKE_MATCH_2}")
  xgops_add_target(${name} SOURCES mixed.cpp OPTIONS ${options})
  target_include_directories(target_${name} SYSTEM PRIVATE "${XGOPS_ASIO_INCLUDE_DIR}")
endforeach()

# The other compiler is not CMake's, so its command is spelled out.
if(XGOPS_CLANGXX AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(dialect IN LISTS clang_dialects)
    string(REGEX MATCH "^([^:]+):(.*)$" _ "${dialect}")
    set(name "mixed-${CMAKE_MATCH_1}")
    separate_arguments(options UNIX_COMMAND "${CMAKE_MATCH_2}")
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${name}.o")
    add_custom_command(
      OUTPUT "${object}"
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} "${XGOPS_CLANGXX}" -std=c++20 -g ${options}
        -idirafter "${XGOPS_ASIO_INCLUDE_DIR}" -MD -MF "${object}.d"
        -c "${CMAKE_CURRENT_SOURCE_DIR}/mixed.cpp" -o "${object}"
      DEPENDS mixed.cpp
      DEPFILE "${object}.d"
      VERBATIM)
    add_executable(target_${name} "${object}")
    set_target_properties(target_${name} PROPERTIES
      LINKER_LANGUAGE CXX OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${targets_directory}")
    target_link_libraries(target_${name} PRIVATE Threads::Threads)
    set_property(GLOBAL APPEND PROPERTY XGOPS_TARGETS target_${name})
  endforeach()
endif()
