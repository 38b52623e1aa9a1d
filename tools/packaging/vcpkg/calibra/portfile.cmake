# The headers of the tree that this port is in: tools/packaging/vcpkg/calibra. A port that is kept
# elsewhere gets its SOURCE_PATH from vcpkg_from_github() or the like.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)
set(VCPKG_BUILD_TYPE release)  # there is nothing to compile

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    -DCALIBRA_BUILD_COMPILED=OFF
    -DCALIBRA_BUILD_EXAMPLES=OFF
    -DCALIBRA_BUILD_TESTS=OFF
    -DCALIBRA_BUILD_TOOLS=OFF
    -DCALIBRA_INSTALL=ON
    -DCALIBRA_WITH_DIAGRAM=OFF
    -DCALIBRA_WITH_EIGEN=OFF
    -DCALIBRA_WITH_HDF5=OFF
    -DCALIBRA_WITH_IO=OFF
    -DCALIBRA_WITH_JSON=OFF
    -DCALIBRA_WITH_TORCH=OFF
    -DCALIBRA_WITH_XTENSOR=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/calibra)
# Without vcpkg_fixup_pkgconfig(): the .pc files know their own place, and it fails for those of
# components whose libraries are not installed.

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
