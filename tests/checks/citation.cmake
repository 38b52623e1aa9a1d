# cmake -DFILE=CITATION.cff -DVERSION=x.y.z -P citation.cmake: the file names this version.
file(STRINGS ${FILE} line REGEX "^version:")
if(NOT line STREQUAL "version: ${VERSION}")
  message(FATAL_ERROR "${FILE}: expected `version: ${VERSION}` once, got `${line}`")
endif()
