# Compiler, linker and hardening flags for every target.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD AND NOT LATCHKEY_FUZZ)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                    -Woverloaded-virtual -Wconversion -Wno-sign-conversion)
# ccache may only reuse a precompiled header when times and macros are left out of the comparison.
add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)

# As many coroutine frames as one request has at once are kept for the next one.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16)

if(LATCHKEY_UNITY)
  # Anonymous namespaces of files that are compiled as one look like headers to GCC.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

if(LATCHKEY_SANITIZE)
  # GCC 12 takes the storage of a variant for uninitialised once it is instrumented.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_compile_options(-fsanitize=${LATCHKEY_SANITIZE} -fno-omit-frame-pointer)
  if(LATCHKEY_SANITIZE MATCHES "undefined")
    # Not vptr: it opens a pipe to look at memory, and calls every object bad once descriptors have run out (test Z38).
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=vptr)
    # Clang 14 can not put this check's data before the parts of a coroutine ("difference across sections").
    add_compile_options($<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  endif()
  string(REPLACE "fuzzer-no-link," "" link_sanitizers "${LATCHKEY_SANITIZE}")
  add_link_options(-fsanitize=${link_sanitizers})
else()
  # What `checksec` looks for (security case K09).
  add_compile_options(-fstack-protector-strong -fcf-protection=full
                      $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections -static-libstdc++ -static-libgcc)
endif()
if(LATCHKEY_SANITIZE MATCHES "thread")
  # Asio fences around its handlers; the sanitizer does not follow fences, and what they order is ordered by locks too.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
endif()
if(LATCHKEY_TEST_HOOKS)
  add_compile_definitions(LATCHKEY_TEST_HOOKS)
endif()
