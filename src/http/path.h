#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace latchkey::http {

/// The two halves of a request target, still encoded. A target in absolute form (RFC 9112 §3.2.2) gives the
/// path of its URL; its authority is dropped, since no link and no token depends on what a request says about
/// its host.
struct Target {
  std::string_view path;
  std::string_view query;
};

/// Nothing for a target that is neither in origin nor in absolute form (`*`, `host:port`), or that holds a
/// fragment or bytes that a URI can not hold.
std::optional<Target> split_target(std::string_view target);

/// Decodes `path` once into `decoded`, then folds doubled slashes and one trailing slash, and nothing else:
/// no `..`, no case, no second decoding. False, with `decoded` undefined, for a malformed escape, an encoded
/// slash (which no route could tell from a separator), a control character or NUL, or bytes that are not
/// UTF-8.
bool decode_path(std::string_view path, std::string& decoded);

}  // namespace latchkey::http
