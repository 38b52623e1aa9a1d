# As a dependency calibra brings its targets, and neither programs nor flags of its own.
get_property(tests DIRECTORY calibra PROPERTY SUBDIRECTORIES)
if(tests OR CMAKE_BUILD_TYPE OR CMAKE_RUNTIME_OUTPUT_DIRECTORY)
  message(FATAL_ERROR "calibra as a dependency changes its user's build: ${tests}")
endif()
