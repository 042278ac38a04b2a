# The page that `vouch ledger` shows, inside the program: web/, and what checks proofs in it where this
# machine can make it (verify.cmake).
file(GLOB web_files CONFIGURE_DEPENDS web/*.html web/*.css web/*.js web/*.svg)
list(APPEND web_files ${PROJECT_SOURCE_DIR}/wasm/verify.mjs ${WASM_MODULE})
set(web_source ${PROJECT_BINARY_DIR}/web_files.c)
add_custom_command(
  OUTPUT ${web_source}
  COMMAND ${CMAKE_COMMAND} "-DFILES=${web_files}" -DOUT=${web_source} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${web_files} cmake/embed.cmake VERBATIM)
add_library(web_files STATIC ${web_source})
target_include_directories(web_files PRIVATE src)
target_link_libraries(ledger PUBLIC web_files)
