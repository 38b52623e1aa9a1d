# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The headers of calibra as a Conan 2 package: conan create FOLDER_OF_THIS_FILE

Whoever requires it says find_package(calibra [COMPONENTS eigen ...]) as of an installed calibra. The
package requires no other: a component looks for its library, which may be another Conan package or
the system's.
"""
import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = '>=2.0'


class Calibra(ConanFile):
    name = 'calibra'
    description = 'Confidence calibration of classifiers: measure it, repair it'
    license = 'MIT'
    topics = ('calibration', 'classification', 'machine-learning', 'metrics')
    package_type = 'header-library'
    settings = 'os', 'arch', 'compiler', 'build_type'
    no_copy_source = True

    @property
    def tree(self):
        """Where the sources are: this recipe is in tools/packaging/conan."""
        return os.path.join(self.recipe_folder, '..', '..', '..')

    def set_version(self):
        text = load(self, os.path.join(self.tree, 'include', 'calibra', 'version.hpp'))
        self.version = '.'.join(
            re.search(rf'CALIBRA_VERSION_{part} (\d+)', text)[1]
            for part in ('MAJOR', 'MINOR', 'PATCH'))

    def export_sources(self):
        for pattern in ('CMakeLists.txt', 'LICENSE', 'cmake/*', 'include/*'):
            copy(self, pattern, self.tree, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for what in ('COMPILED', 'EXAMPLES', 'TESTS', 'TOOLS'):
            toolchain.cache_variables[f'CALIBRA_BUILD_{what}'] = False
        for component in ('EIGEN', 'XTENSOR', 'JSON', 'IO', 'HDF5', 'DIAGRAM', 'TORCH'):
            toolchain.cache_variables[f'CALIBRA_WITH_{component}'] = 'OFF'
        toolchain.generate()

    def package(self):
        copy(self, 'LICENSE', self.source_folder, os.path.join(self.package_folder, 'licenses'))
        cmake = CMake(self)
        cmake.configure()
        cmake.install(component='headers')

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.set_property('cmake_find_mode', 'none')  # its own calibra-config.cmake is there
        self.cpp_info.builddirs = [os.path.join('share', 'cmake', 'calibra')]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        if self.settings.os in ('Linux', 'FreeBSD'):
            self.cpp_info.system_libs = ['pthread']
