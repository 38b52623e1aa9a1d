# The targets a user links: calibra::calibra (the core, standard library only) and one target for
# each header family that needs something else.
find_package(Threads REQUIRED)

add_library(calibra INTERFACE)
add_library(calibra::calibra ALIAS calibra)
target_compile_features(calibra INTERFACE cxx_std_20)
target_link_libraries(calibra INTERFACE Threads::Threads)
set(calibra_components core)

file(GLOB_RECURSE calibra_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/calibra/*.hpp)
set(calibra_eigen_headers ${PROJECT_SOURCE_DIR}/include/calibra/adapters/eigen.hpp)
set(calibra_xtensor_headers ${PROJECT_SOURCE_DIR}/include/calibra/adapters/xtensor.hpp)
set(calibra_json_headers ${PROJECT_SOURCE_DIR}/include/calibra/json.hpp)
set(calibra_io_headers ${calibra_headers})
list(FILTER calibra_io_headers INCLUDE REGEX "/calibra/io/")
list(REMOVE_ITEM calibra_headers ${calibra_eigen_headers} ${calibra_xtensor_headers}
     ${calibra_json_headers} ${calibra_io_headers})

target_sources(calibra PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                                                FILES ${calibra_headers})

# calibra_component(name HEADERS ... FIND ... LINK ...): the target calibra::name where its
# dependencies are found. AUTO leaves it out in silence where they are not; ON makes that an error.
function(calibra_component name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "HEADERS;FIND;LINK")
  string(TOUPPER ${name} upper)
  if(CALIBRA_WITH_${upper} STREQUAL "OFF")
    return()
  endif()
  foreach(package IN LISTS part_FIND)
    if(CALIBRA_WITH_${upper} STREQUAL "ON")
      find_package(${package} REQUIRED)
    else()
      find_package(${package} QUIET)
    endif()
    if(NOT ${package}_FOUND)
      message(STATUS "calibra: without ${name} (${package} not found)")
      return()
    endif()
  endforeach()
  add_library(calibra_${name} INTERFACE)
  add_library(calibra::${name} ALIAS calibra_${name})
  set_target_properties(calibra_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(calibra_${name} INTERFACE calibra ${part_LINK})
  target_sources(calibra_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                                                         FILES ${part_HEADERS})
  set(calibra_components ${calibra_components} ${name} PARENT_SCOPE)
endfunction()

calibra_component(eigen HEADERS ${calibra_eigen_headers} FIND Eigen3 LINK Eigen3::Eigen)
calibra_component(xtensor HEADERS ${calibra_xtensor_headers} FIND xtensor LINK xtensor)
calibra_component(json HEADERS ${calibra_json_headers} FIND nlohmann_json
                  LINK nlohmann_json::nlohmann_json)
calibra_component(io HEADERS ${calibra_io_headers} FIND nlohmann_json libzip
                  LINK nlohmann_json::nlohmann_json libzip::zip)

# Each public header must compile by itself: `all` builds a translation unit for every one.
if(PROJECT_IS_TOP_LEVEL)
  foreach(target calibra calibra_eigen calibra_xtensor calibra_json calibra_io)
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    endif()
  endforeach()
endif()
