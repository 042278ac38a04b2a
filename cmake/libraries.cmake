# Every outside library, once. A module names those it may call by these short names.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(openssl REQUIRED IMPORTED_TARGET openssl>=3.0)
pkg_check_modules(libevent REQUIRED IMPORTED_TARGET
                  libevent libevent_openssl libevent_pthreads)
pkg_check_modules(protobuf REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3>=3.37) # STRICT tables
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl>=7.85) # CURLOPT_PROTOCOLS_STR
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(tss2 REQUIRED IMPORTED_TARGET tss2-esys>=3.2 tss2-mu tss2-rc)

set(LIBRARY_threads Threads::Threads)
set(LIBRARY_math m)
foreach(name sodium openssl libevent protobuf zstd zlib jansson sqlite curl seccomp tss2)
  set(LIBRARY_${name} PkgConfig::${name})
endforeach()
