# SPDX-License-Identifier: MIT
# Fuzz targets of the symbolizer; tests/fuzz says how they are used.
function(xgops_add_symbolize_fuzz_target name)
  add_library(fuzz_${name}_objects OBJECT ${name}_fuzz.cpp)
  target_include_directories(fuzz_${name}_objects PRIVATE
    "${PROJECT_SOURCE_DIR}/agent/symbolize/src")
  target_link_libraries(fuzz_${name}_objects PRIVATE xgops::symbolize xgops_build_flags)
  if(XGOPS_BUILD_FUZZERS)
    add_executable(fuzz_${name} $<TARGET_OBJECTS:fuzz_${name}_objects>)
    target_link_libraries(fuzz_${name} PRIVATE xgops::symbolize xgops_build_flags)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()

xgops_add_symbolize_fuzz_target(symbols)
set_property(GLOBAL APPEND PROPERTY XGOPS_FUZZ_TARGETS symbols)
if(XGOPS_BUILD_TESTS)
  add_executable(replay_symbols
    $<TARGET_OBJECTS:fuzz_symbols_objects> $<TARGET_OBJECTS:xgops_fuzz_replay>)
  target_link_libraries(replay_symbols PRIVATE xgops::symbolize xgops_build_flags)
  add_test(NAME fuzz.replay.symbols
    COMMAND replay_symbols "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/symbols")
  set_tests_properties(fuzz.replay.symbols PROPERTIES LABELS fuzz TIMEOUT 60)
endif()
if(XGOPS_BUILD_FUZZERS)
  xgops_add_symbolize_fuzz_target(module)
endif()
