# SPDX-License-Identifier: MIT
# Install rules and the package files that find_package() and pkg-config read.

if(NOT XGOPS_INSTALL)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The agent: what programs link or preload.
install(TARGETS xgops_agent xgops_agent_shared xgops_leak_check
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY agent/include/xgops "${PROJECT_BINARY_DIR}/agent/include/xgops"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h" PATTERN "*.ipp")

# How programs find it.
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/xgops")
set(XGOPS_ARCHIVE_NAME libxgops-agent.a)
set(XGOPS_SHARED_NAME libxgops-agent.so)
set(XGOPS_LEAK_CHECK_NAME libxgops-leak-check.a)
configure_package_config_file(scripts/cmake/xgopsConfig.cmake.in
  "${PROJECT_BINARY_DIR}/package/xgopsConfig.cmake"
  INSTALL_DESTINATION "${package_folder}"
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/xgopsConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/package/xgopsConfig.cmake"
              "${PROJECT_BINARY_DIR}/package/xgopsConfigVersion.cmake"
  DESTINATION "${package_folder}")

# From lib/pkgconfig back to the prefix, so that an installation can be moved.
string(REGEX REPLACE "[^/]+" ".." XGOPS_PC_TO_PREFIX "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
configure_file(scripts/cmake/xgops.pc.in "${PROJECT_BINARY_DIR}/package/xgops.pc" @ONLY)
configure_file(scripts/cmake/xgops-leak-check.pc.in
  "${PROJECT_BINARY_DIR}/package/xgops-leak-check.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/xgops.pc"
              "${PROJECT_BINARY_DIR}/package/xgops-leak-check.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(FILES README.md CHANGELOG.md LICENSE protocol/PROTOCOL.md
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# The command, its man page and completions. The command writes these itself when it is installed,
# because a build runs none of our binaries.
if(XGOPS_BUILD_CLI)
  install(TARGETS xgops RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(DIRECTORY gops-cli/schema DESTINATION "${CMAKE_INSTALL_DATADIR}/xgops"
    FILES_MATCHING PATTERN "*.json")
  set(generated "${PROJECT_BINARY_DIR}/package/generated")
  install(CODE "
    function(generate file)
      file(MAKE_DIRECTORY \"${generated}\")
      execute_process(COMMAND \"$<TARGET_FILE:xgops>\" \${ARGN}
        OUTPUT_FILE \"${generated}/\${file}\" COMMAND_ERROR_IS_FATAL ANY)
    endfunction()
    generate(xgops.1 man)
    generate(xgops completion bash)
    generate(_xgops completion zsh)
    generate(xgops.fish completion fish)")
  install(FILES "${generated}/xgops.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  install(FILES "${generated}/xgops"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES "${generated}/_xgops" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES "${generated}/xgops.fish"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()
