# libvouch-verify: what checks proofs, and nothing else, in one object that needs the C library's
# memory and string functions alone. And the same for WebAssembly, where this machine can make it.
#
# All sources below the verifier are compiled again without heap and libsodium (VCH_FREESTANDING);
# of them the linker keeps what vouch_verify_* reach. What calls other libraries is left out.
set(VERIFY_MODULES base field kernels crypto model proof circuit annex verify)
set(VERIFY_EXCLUDED "_(test|fuzz|bench)|/(keyfile|sign|manifest_encode|manifest_message)|"
                    "/package_(encode|decode|check|held)|/(annex|answer)_(prove|encode|owner)")
string(JOIN "" VERIFY_EXCLUDED ${VERIFY_EXCLUDED})
set(verify_files "")
foreach(module ${VERIFY_MODULES})
  file(GLOB files CONFIGURE_DEPENDS src/${module}/*.c)
  list(APPEND verify_files ${files})
endforeach()
list(FILTER verify_files EXCLUDE REGEX "(${VERIFY_EXCLUDED})[^/]*\\.c$")
set(portable_files ${verify_files})
foreach(isa ${ISAS_x86_64} ${ISAS_aarch64})
  list(FILTER portable_files EXCLUDE REGEX "_${isa}\\.c$")
  if(NOT isa IN_LIST ISAS_${CMAKE_SYSTEM_PROCESSOR})
    list(FILTER verify_files EXCLUDE REGEX "_${isa}\\.c$")
  endif()
endforeach()

set(VERIFY_EXPORTS vouch_verify_proof vouch_verify_signed vouch_verify_memory)

if(NOT SANITIZE AND NOT FUZZ)
  add_library(verify_objects STATIC ${verify_files})
  target_compile_definitions(verify_objects PRIVATE VCH_FREESTANDING)
  target_compile_options(verify_objects PRIVATE -fPIC -ffunction-sections -fdata-sections)
  target_include_directories(verify_objects PRIVATE src include)
  # The same files as the modules, which clang-tidy is to read once.
  set_target_properties(verify_objects PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
  set(keep "")
  set(wanted "")
  foreach(name ${VERIFY_EXPORTS})
    list(APPEND keep --keep-global-symbol=${name})
    list(APPEND wanted -Wl,-u,${name})
  endforeach()
  set(library ${PROJECT_BINARY_DIR}/libvouch-verify.a)
  add_custom_command(
    OUTPUT ${library}
    COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -Wl,--gc-sections ${wanted} -o verify.o
            $<TARGET_FILE:verify_objects>
    COMMAND ${CMAKE_OBJCOPY} ${keep} verify.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${library}
    COMMAND ${CMAKE_AR} rcs ${library} verify.o
    DEPENDS verify_objects
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR} VERBATIM)
  add_custom_target(vouch_verify ALL DEPENDS ${library})
  install(FILES ${library} DESTINATION lib)
  install(FILES include/vouch/verify.h DESTINATION include/vouch)
endif()

# WebAssembly: Debian's clang, lld, wasi-libc and libclang-rt-dev-wasm32.
find_program(WASM_CC NAMES clang-14 clang)
find_program(WASM_LD NAMES wasm-ld-14 wasm-ld)
find_file(WASM_LIBC libc.a PATHS /usr/lib/wasm32-wasi NO_DEFAULT_PATH)
if(WASM_CC)
  execute_process(COMMAND ${WASM_CC} --target=wasm32-wasi -print-libgcc-file-name
                  OUTPUT_VARIABLE WASM_RUNTIME OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(WASM_LD AND WASM_LIBC AND EXISTS "${WASM_RUNTIME}" AND NOT SANITIZE AND NOT FUZZ AND NOT CMAKE_CROSSCOMPILING)
  set(objects "")
  foreach(file ${portable_files} ${PROJECT_SOURCE_DIR}/wasm/module.c)
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR} ${file})
    set(object ${PROJECT_BINARY_DIR}/wasm/${name}.o)
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${CMAKE_C_COMPILER_LAUNCHER} ${WASM_CC} --target=wasm32-wasi --sysroot=/usr -std=c2x
              -O2 -DVCH_FREESTANDING -D_GNU_SOURCE -Wall -Wextra -Wno-unknown-warning-option
              -I${PROJECT_SOURCE_DIR}/src -I${PROJECT_SOURCE_DIR}/include -MD -MF ${object}.d
              -c ${file} -o ${object}
      DEPENDS ${file} DEPFILE ${object}.d VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(WASM_MODULE ${PROJECT_BINARY_DIR}/vouch-verify.wasm)
  add_custom_command(
    OUTPUT ${WASM_MODULE}
    COMMAND ${WASM_CC} --target=wasm32-wasi --sysroot=/usr -fuse-ld=${WASM_LD} -nostartfiles
            -Wl,--no-entry,--gc-sections,--strip-all,-z,stack-size=262144 ${objects}
            -o ${WASM_MODULE}
    DEPENDS ${objects} VERBATIM)
  add_custom_target(vouch_verify_wasm ALL DEPENDS ${WASM_MODULE})
endif()
