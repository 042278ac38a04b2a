# schema(FILE.proto...) generates schema/FILE.pb-c.{h,c} with protobuf-c's compiler.
find_program(PROTOC_C protoc-c REQUIRED)
set(SCHEMA_DIR ${PROJECT_BINARY_DIR}/generated/schema)

function(schema)
  file(MAKE_DIRECTORY ${SCHEMA_DIR})
  foreach(file ${ARGN})
    get_filename_component(stem ${file} NAME_WE)
    get_filename_component(folder ${PROJECT_SOURCE_DIR}/${file} DIRECTORY)
    set(made ${SCHEMA_DIR}/${stem}.pb-c.c ${SCHEMA_DIR}/${stem}.pb-c.h)
    add_custom_command(OUTPUT ${made} DEPENDS ${PROJECT_SOURCE_DIR}/${file}
      COMMAND ${PROTOC_C} --c_out=${SCHEMA_DIR} --proto_path=${folder} ${stem}.proto
      # Its initialisers cast const away, which Clang would report where our code uses them.
      COMMAND sed -i "s/(char \\*)protobuf_c_empty/(char *)(uintptr_t)protobuf_c_empty/"
              ${SCHEMA_DIR}/${stem}.pb-c.h
      VERBATIM)
    list(APPEND sources ${made})
  endforeach()
  add_library(schema STATIC ${sources})
  target_compile_options(schema PRIVATE -w) # generated code is not held to our warnings
  target_include_directories(schema SYSTEM PUBLIC ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(schema PUBLIC ${LIBRARY_protobuf})
endfunction()
