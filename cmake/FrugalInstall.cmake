# cmake --install: libraries, public headers, programs, find_package(frugal CONFIG COMPONENTS core train), frugal.pc.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/frugal)

set_target_properties(frugal_core PROPERTIES EXPORT_NAME core)
install(TARGETS frugal_core EXPORT frugal-core)
install(EXPORT frugal-core NAMESPACE frugal:: FILE frugal-core.cmake DESTINATION ${package_dir})
if(TARGET frugal_train)
  set_target_properties(frugal_train PROPERTIES EXPORT_NAME train)
  install(TARGETS frugal_train EXPORT frugal-train)
  install(EXPORT frugal-train NAMESPACE frugal:: FILE frugal-train.cmake DESTINATION ${package_dir})
endif()
foreach(program frugal_cli frugal_cli_train)
  if(TARGET ${program})
    set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}"
                          INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${program})
  endif()
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/frugal DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/frugal-config.cmake.in
  ${PROJECT_BINARY_DIR}/frugal-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/frugal-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/frugal-config.cmake ${PROJECT_BINARY_DIR}/frugal-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindLibTorch.cmake DESTINATION ${package_dir})

if(BUILD_SHARED_LIBS)
  set(pc_requires Requires.private)  # the library itself names what it needs
else()
  set(pc_requires Requires)
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/frugal.pc.in ${PROJECT_BINARY_DIR}/frugal.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/frugal.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
