#pragma once

#include <string_view>

namespace latchkey::settings {

/// Whether this variable was made by the machinery that runs containers, and not by an operator who means a
/// setting. Kubernetes gives every container the addresses of the Services of its namespace, under their
/// names in upper case; a Service named `latchkey` or `latchkey-…` makes names that begin like ours:
/// `LATCHKEY_SERVICE_HOST`, `LATCHKEY_SERVICE_PORT[_…]`, `LATCHKEY_PORT=tcp://…`,
/// `LATCHKEY_PORT_8080_TCP[_PROTO|_PORT|_ADDR]`. Docker's links make the latter, too, and `LATCHKEY_NAME=/…`
/// and `LATCHKEY_ENV_…`. No setting has a name of these shapes.
bool is_container_variable(std::string_view name, std::string_view value);

}  // namespace latchkey::settings
