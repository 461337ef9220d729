# latchkey_embed(<out.cpp> <namespace::name> <root> <files…>): a translation unit that holds the files as
# `const std::array<latchkey::EmbeddedFile, N>`, so that the one binary carries its migrations and templates.
function(latchkey_embed out variable root)
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DVARIABLE=${variable} -DROOT=${root} "-DFILES=${ARGN}" -P ${script}
    DEPENDS ${ARGN} ${script}
    VERBATIM)
endfunction()
