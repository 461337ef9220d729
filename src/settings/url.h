// What settings say of places on the network. Boost.URL reads the grammar (RFC 3986); here stands what of it
// a setting may be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/endpoint.h"

namespace latchkey::settings {

/// `127.0.0.1:8080`, `[::1]:8080`; `localhost` is taken for 127.0.0.1. Nothing for other names, and without a
/// port.
std::optional<Endpoint> parse_endpoint(std::string_view text);

/// The parts of `scheme://host[:port][/path]`, lower-cased where case does not count. An international name
/// is in A-labels; brackets are taken off an IPv6 host.
struct Url {
  std::string scheme;
  std::string host;
  std::optional<std::uint16_t> port;
  std::string path;  ///< without a trailing slash
};

/// Nothing when there is user information, a query, a fragment, a percent sign, a path that is not plain, or
/// a bad port. A host is an address or a name, whose labels may also have underscores, or the single dot that
/// some programs' own schemes have (`app://.`).
std::optional<Url> parse_url(std::string_view text);
std::string to_string(const Url& url);
/// Takes away the port that the scheme has anyway, as browsers do.
void drop_default_port(Url& url);

}  // namespace latchkey::settings
