# SPDX-License-Identifier: MIT
# Options of the build, and one interface target that carries our flags (never exported).

option(XGOPS_BUILD_CLI "Build the xgops command" ${PROJECT_IS_TOP_LEVEL})
option(XGOPS_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(XGOPS_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(XGOPS_BUILD_BENCHMARKS "Build tests/bench" OFF)
option(XGOPS_INSTALL "Make install rules" ${PROJECT_IS_TOP_LEVEL})
option(XGOPS_STATIC_CLI "Link the xgops command statically: it starts three times as fast" OFF)
option(XGOPS_WERROR "Treat warnings as errors" OFF)
option(XGOPS_COVERAGE "Instrument for coverage" OFF)
option(XGOPS_PRECOMPILE_TESTS "Precompile headers of libraries for tests" OFF)
option(XGOPS_UNITE "Compile up to eight sources of a folder as one" OFF)
set(XGOPS_SANITIZE "" CACHE STRING "Value for -fsanitize=, for example address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  find_program(XGOPS_CCACHE ccache)
  if(XGOPS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${XGOPS_CCACHE}")
    # What ccache asks for with precompiled headers. It takes the headers from the compiler's list (-MD)
    # and does not preprocess each source to find them.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros "${XGOPS_CCACHE}")
  endif()
endif()

add_library(xgops_build_flags INTERFACE)
target_compile_features(xgops_build_flags INTERFACE cxx_std_20)
target_compile_options(xgops_build_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wformat=2
  -fvisibility=hidden -fvisibility-inlines-hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(xgops_build_flags INTERFACE
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast
    -fno-gnu-unique)  # a unique symbol would be shared with the host whatever its visibility
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(xgops_build_flags INTERFACE -Wno-restrict)  # GCC bug 105651
  endif()
endif()
if(XGOPS_WERROR)
  target_compile_options(xgops_build_flags INTERFACE -Werror)
endif()
if(XGOPS_SANITIZE)
  target_compile_options(xgops_build_flags INTERFACE
    "-fsanitize=${XGOPS_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(xgops_build_flags INTERFACE "-fsanitize=${XGOPS_SANITIZE}")
  string(REPLACE "," ";" _xgops_sanitizers "${XGOPS_SANITIZE}")
  if("thread" IN_LIST _xgops_sanitizers)
    target_compile_definitions(xgops_build_flags INTERFACE XGOPS_TSAN=1)
  endif()
endif()
if(XGOPS_PRECOMPILE_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(xgops_build_flags INTERFACE -fpch-preprocess)  # For ccache.
endif()
if(XGOPS_COVERAGE)
  target_compile_options(xgops_build_flags INTERFACE --coverage)
  target_link_options(xgops_build_flags INTERFACE --coverage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  # Clang 14 implements coroutines but does not say so to libstdc++'s headers and Asio.
  target_compile_options(xgops_build_flags INTERFACE -Wno-builtin-macro-redefined)
  target_compile_definitions(xgops_build_flags INTERFACE
    __cpp_impl_coroutine=201902L ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1)
endif()

# xgops_unite(TARGET): its sources may be compiled together, as XGOPS_UNITE asks for. By folder, so that
# names without linkage need to be unique in theirs only. A source with options of its own stays alone.
function(xgops_unite target)
  if(NOT XGOPS_UNITE)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC takes what a united source includes for a header, and sees more of what is inlined than it understands.
    # The build of file after file has these warnings.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage -Wno-array-bounds -Wno-stringop-overflow)
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  foreach(source IN LISTS sources)
    get_filename_component(folder "${source}" DIRECTORY)
    string(MAKE_C_IDENTIFIER "of_${folder}" folder)
    math(EXPR count_${folder} "0${count_${folder}} + 1")
    math(EXPR group "(${count_${folder}} - 1) / 8")
    set_property(SOURCE "${source}" PROPERTY UNITY_GROUP "${folder}_${group}")
  endforeach()
endfunction()
