# module(NAME [PURE] [USES other...] [LIBS library...]) builds src/NAME.
# A file's suffix is its role:
#
#   NAME.c NAME.h    the code            NAME_avx2.c, NAME_neon.c ...     compiled for that processor
#   NAME_test.c      a unit test         NAME_fuzz.c                      a fuzz target
#   NAME_bench.c     a benchmark, run by `make bench`
set(ISA_avx2 -mavx2)
set(ISA_avx512vnni -mavx512f -mavx512bw -mavx512vl -mavx512vnni)
set(ISA_shani -msha -msse4.1)
set(ISA_neon -march=armv8-a)
set(ISA_neondot -march=armv8.2-a+dotprod)
set(ISA_neonsha -march=armv8-a+crypto)
set(ISAS_x86_64 avx2 avx512vnni shani)
set(ISAS_aarch64 neon neondot neonsha)

# A test's own code runs for moments and is compiled for every build: optimising it takes longer than
# it saves. GCC, which looks less closely at what it does not optimise, is asked for a little. (More,
# and GCC 12 breaks down over some loops for aarch64.)
set(TEST_OPTIONS -O$<IF:$<C_COMPILER_ID:GNU>,1,0>)

add_library(harness STATIC tests/harness/test.c tests/harness/onnx.c tests/harness/pool.c
            tests/harness/etcd.c tests/harness/vectors.c)
target_include_directories(harness PUBLIC tests)
target_link_libraries(harness base)
add_library(graphs STATIC tests/harness/graphs.c tests/harness/oracle.c) # models for tests of `model` and above
target_link_libraries(graphs harness model)
add_library(authority STATIC tests/harness/authority.c) # for tests of what judges certificates
target_link_libraries(authority harness ${LIBRARY_openssl})
add_library(mutants STATIC tests/harness/mutate.c tests/harness/mutate_onnx.c
            tests/harness/mutate_package.c tests/harness/ways.c) # for fuzz targets of them
target_include_directories(mutants PRIVATE tests)
target_link_libraries(mutants model message schema ${LIBRARY_zstd})
file(WRITE ${PROJECT_BINARY_DIR}/layers.txt "")
add_custom_target(benches)

function(module name)
  cmake_parse_arguments(M "PURE" "" "USES;LIBS" ${ARGN})
  string(JOIN " " uses ${M_USES})
  file(APPEND ${PROJECT_BINARY_DIR}/layers.txt "${name} ${M_PURE}: ${uses}\n") # for tools/tidy.py
  set(below ${M_USES})
  foreach(library ${M_LIBS})
    list(APPEND below ${LIBRARY_${library}})
  endforeach()
  if(protobuf IN_LIST M_LIBS)
    list(APPEND below schema)
  endif()
  set(test_support harness)
  if(name STREQUAL model OR model IN_LIST M_USES)
    set(test_support graphs harness)
  endif()
  if(name STREQUAL certificate OR certificate IN_LIST M_USES OR attest IN_LIST M_USES)
    list(APPEND test_support authority)
  endif()

  file(GLOB all CONFIGURE_DEPENDS src/${name}/*.c)
  set(code ${all})
  list(FILTER code EXCLUDE REGEX "(_(test|fuzz|bench)|/main)\\.c$")
  foreach(isa ${ISAS_x86_64} ${ISAS_aarch64})
    set(variant ${code})
    list(FILTER variant INCLUDE REGEX "_${isa}\\.c$")
    set_source_files_properties(${variant} PROPERTIES COMPILE_OPTIONS "${ISA_${isa}}")
    if(NOT isa IN_LIST ISAS_${CMAKE_SYSTEM_PROCESSOR})
      list(FILTER code EXCLUDE REGEX "_${isa}\\.c$")
    endif()
  endforeach()

  set(kind INTERFACE) # a module may be headers only
  set(reach INTERFACE)
  if(code)
    set(reach PUBLIC)
    set(kind STATIC)
  endif()
  add_library(${name} ${kind} ${code})
  target_include_directories(${name} ${reach} src)
  target_link_libraries(${name} ${reach} ${below})

  foreach(file ${all})
    get_filename_component(stem ${file} NAME_WE)
    set(target ${name}.${stem})
    if(stem MATCHES "_test$")
      add_executable(${target} ${file})
      target_link_libraries(${target} ${name} ${test_support})
      target_compile_options(${target} PRIVATE ${TEST_OPTIONS})
      add_test(NAME ${name}/${stem} COMMAND ${target})
      set_tests_properties(${name}/${stem} PROPERTIES SKIP_RETURN_CODE 77)
    elseif(stem MATCHES "_fuzz$")
      string(REPLACE _fuzz "" format ${stem})
      add_executable(${target} ${file} $<$<NOT:$<BOOL:${FUZZ}>>:tests/harness/fuzz_replay.c>)
      target_link_libraries(${target} ${name} base $<$<BOOL:${FUZZ}>:-fsanitize=fuzzer>)
      if(name STREQUAL model OR model IN_LIST M_USES)
        target_link_libraries(${target} mutants)
      endif()
      target_include_directories(${target} PRIVATE tests)
      set(replay "")
      if(FUZZ)
        set(replay -runs=0)
      endif()
      add_test(NAME ${name}/${stem} COMMAND ${target} ${replay} tests/corpus/${format}
               WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} COMMAND_EXPAND_LISTS)
    elseif(stem MATCHES "_bench$")
      add_executable(${target} ${file})
      target_link_libraries(${target} ${name} ${test_support})
      add_dependencies(benches ${target})
    endif()
  endforeach()
endfunction()

# program(NAME MODULE) links src/MODULE/main.c against MODULE, as build/<preset>/NAME.
function(program name module)
  add_executable(${name} src/${module}/main.c)
  target_link_libraries(${name} ${module})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  install(TARGETS ${name})
endfunction()
