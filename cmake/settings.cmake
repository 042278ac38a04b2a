set(CMAKE_C_STANDARD 23) # what GCC 12 and Clang 14 both accept of it
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O3 -g1")

option(VERIFY "Check costly invariants (VCH_VERIFY_ASSERT)" OFF)
option(FUZZ "Build the fuzz targets (needs Clang)" OFF)
set(SANITIZE "" CACHE STRING "address,undefined | memory | thread")

add_compile_definitions(_GNU_SOURCE VCH_VERSION="${PROJECT_VERSION}")
add_compile_options(
  -Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wswitch-enum -Wcast-qual -Wundef -Wwrite-strings
  -ffp-contract=off # no fused multiply-add: results must not depend on the processor
  -fno-common -fstack-protector-strong -fPIE)
add_link_options(-pie -Wl,-z,relro,-z,now)
if(SANITIZE)
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG") # lines for reports; more takes long to build
  add_compile_definitions(VCH_SANITIZED)
  add_compile_options(-fsanitize=${SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(SANITIZE MATCHES undefined) # which leaves out a real number that no integer can hold
    add_compile_options(-fsanitize=float-cast-overflow)
  endif()
  add_link_options(-fsanitize=${SANITIZE})
endif()
if(FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  # The search for ranges compares a million numbers a model, which tells the fuzzer nothing.
  set_source_files_properties(src/import/histogram.c PROPERTIES COMPILE_OPTIONS
                              -fno-sanitize-coverage=trace-cmp)
endif()
if(VERIFY)
  add_compile_definitions(VCH_VERIFY)
endif()
