#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

/// Cookies, strictly (RFC 6265 §4). Only rows for browsers read them; a route for programs never does.
namespace latchkey::http {

/// The value of the cookie of that name. Nothing where there is none, where its value is no `cookie-value`,
/// and where the name is there twice: somebody else may have set one of the two, and nobody could say which
/// counts. Looks once at each byte of the `Cookie` lines, and allocates nothing.
std::optional<std::string_view> find_cookie(const Request& request, std::string_view name);

/// Sets a cookie that only this host gets (`__Host-` in its name, `Secure`, `Path=/`), that no script sees,
/// and that comes along when somebody follows a link to us, but not with what another site sends. `lives`:
/// nothing, and it ends with the browser. The value is a `cookie-value`: anything else is a bug.
void set_cookie(Response& response, std::string_view name, std::string_view value,
                std::optional<Seconds> lives = {});
/// Takes it away.
void expire_cookie(Response& response, std::string_view name);

}  // namespace latchkey::http
