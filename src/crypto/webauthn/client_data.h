#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace latchkey::crypto::webauthn {

/// The largest client data that is read, in bytes; what browsers send has a few hundred.
inline constexpr std::size_t max_client_data_size = 8192;

/// What a browser says of a ceremony (WebAuthn §5.8.1): the members that are judged.
struct ClientData {
  std::string type;       ///< `webauthn.create` or `webauthn.get`
  std::string challenge;  ///< in base64url
  std::string origin;
  bool is_cross_origin = false;
  bool has_top_origin = false;
};

/// Reads it as strict JSON: a repeated member, or one of another type, is a refusal; unknown members are
/// ignored, which the specification asks for (§5.8.1.2).
std::optional<ClientData> parse_client_data(std::string_view json);

}  // namespace latchkey::crypto::webauthn
