#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace latchkey::crypto::jose {

/// No token of ours is near this size; longer ones are refused before anything is decoded (T14).
inline constexpr std::size_t max_token_size = 4096;

/// A compact JWS (RFC 7515 §7.1), taken apart but not verified.
struct CompactJws {
  std::string header;              ///< decoded: JSON, not looked at yet
  std::string payload;             ///< decoded: worth nothing before the signature is verified
  Bytes signature;                 ///< decoded
  std::string_view signing_input;  ///< `header.payload` as it stands in the token, which must outlive this
};

/// Exactly three non-empty segments of canonical base64url: no padding, no space, no other alphabet, no stray
/// bits in the last character (T08). Nothing for anything else, or for more than `max_token_size` characters.
std::optional<CompactJws> split_compact(std::string_view token);

/// The members of a JOSE header that Latchkey reads.
struct JoseHeader {
  std::string alg;
  std::string typ;  ///< empty when absent
  std::string kid;  ///< empty when absent
};

/// Nothing unless `json` is one object with an `alg`, every member a string and none twice (T15). Headers
/// that would change how the token is read, or bring a key of their own, are refused whatever they hold:
/// `crit`, `b64`, `zip`, `jwk`, `jku`, `x5u`, `x5c` (RFC 8725 §3.10, T06). Others are ignored, as RFC 7515 §4
/// asks.
std::optional<JoseHeader> parse_jose_header(std::string_view json);

}  // namespace latchkey::crypto::jose
