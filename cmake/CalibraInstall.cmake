# What `cmake --install` lays down, and the Debian package. Every header is installed, whatever was
# found on the machine that built: the package looks again on the machine that uses it.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/calibra)
set(pkgconfig_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)

# Three components: headers; compiled, the library; program. The last two are left out where they
# were not built, so that a tree that was only configured installs the headers.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME headers)
install(TARGETS calibra EXPORT calibra-targets FILE_SET HEADERS FILE_SET details FILE_SET pieces)
foreach(name IN LISTS calibra_optional_components)
  foreach(header IN LISTS calibra_${name}_headers)
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${calibra_include} OUTPUT_VARIABLE relative)
    cmake_path(GET relative PARENT_PATH folder)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
  endforeach()
endforeach()
install(EXPORT calibra-targets NAMESPACE calibra:: DESTINATION ${package_dir})

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/calibra-config.cmake.in ${PROJECT_BINARY_DIR}/calibra-config.cmake
  INSTALL_DESTINATION ${package_dir}
  PATH_VARS CMAKE_INSTALL_LIBDIR)
# Before 1.0 a new minor release may change the interface.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/calibra-config-version.cmake
  COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/calibra-config.cmake
              ${PROJECT_BINARY_DIR}/calibra-config-version.cmake
              ${PROJECT_SOURCE_DIR}/cmake/CalibraComponents.cmake
        DESTINATION ${package_dir})

# The prefix in the .pc files is told from their own place, so that an installed tree can be moved.
file(RELATIVE_PATH calibra_pc_prefix /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" calibra_pc_prefix "${calibra_pc_prefix}")
# calibra_add_pc(name requires cflags libs description component)
function(calibra_add_pc name requires cflags libs description component)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/calibra.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pkgconfig_dir}
          COMPONENT ${component})
endfunction()
calibra_add_pc(calibra "" "-I\${includedir} -pthread" "-pthread" "${PROJECT_DESCRIPTION}" headers)
calibra_add_pc(calibra-eigen "calibra, eigen3 >= 3.4" "" "" "calibra for Eigen's arrays" headers)
calibra_add_pc(calibra-xtensor "calibra, xtensor" "" "" "calibra for xtensor's arrays" headers)
calibra_add_pc(calibra-json "calibra, nlohmann_json" "" "" "calibra's recalibrators as JSON"
               headers)
calibra_add_pc(calibra-io "calibra, nlohmann_json, libzip, zlib, libzstd" "" "" "calibra's files of arrays"
               headers)
calibra_add_pc(calibra-hdf5 "calibra-io, hdf5" -DCALIBRA_WITH_HDF5 "" "calibra's HDF5 files" headers)
calibra_add_pc(calibra-diagram "calibra, cairo" "" "" "calibra's pictures as PNG and PDF" headers)

if(CALIBRA_BUILD_COMPILED)
  install(TARGETS calibra_compiled EXPORT calibra-compiled-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT compiled OPTIONAL)
  install(EXPORT calibra-compiled-targets NAMESPACE calibra:: DESTINATION ${package_dir}
          COMPONENT compiled)
  calibra_add_pc(calibra-compiled calibra -DCALIBRA_COMPILED "-L\${libdir} -lcalibra"
                 "calibra's commonest templates, compiled" compiled)
endif()

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libcalibra-dev
        RENAME copyright)

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
set(CPACK_PACKAGE_NAME calibra)
set(CPACK_PACKAGE_VENDOR "The calibra authors")
set(CPACK_PACKAGE_CONTACT "The calibra authors")
set(CPACK_PACKAGE_DESCRIPTION
    "calibra measures and repairs the confidence calibration of classifiers: a header-only C++20
library, and a program for files of scores and labels.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ)
find_program(CALIBRA_DPKG_DEB dpkg-deb)
mark_as_advanced(CALIBRA_DPKG_DEB)
if(CALIBRA_DPKG_DEB)
  list(APPEND CPACK_GENERATOR DEB)
endif()
set(CPACK_DEBIAN_PACKAGE_NAME libcalibra-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
    "g++ (>= 4:12), cmake, pkg-config, libeigen3-dev, libxtensor-dev, nlohmann-json3-dev, libzip-dev, libzstd-dev, libhdf5-dev, libcairo2-dev, libtorch-dev")
# The headers alone suit every architecture; the program needs its own and its shared libraries.
if(TARGET calibra_cli)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
elseif(NOT CALIBRA_BUILD_COMPILED)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
endif()
include(CPack)
