#include "crypto/webauthn/authenticator_data.h"

#include <algorithm>

namespace latchkey::crypto::webauthn {
namespace {

constexpr std::size_t fixed_size = 37;  // hash, flags and counter
constexpr std::size_t id_offset = sizeof(Aaguid) + 2;

// §6.1, "flags".
constexpr std::uint8_t flag_user_present = 0x01;
constexpr std::uint8_t flag_user_verified = 0x04;
constexpr std::uint8_t flag_backup_eligible = 0x08;
constexpr std::uint8_t flag_backed_up = 0x10;
constexpr std::uint8_t flag_credential = 0x40;
constexpr std::uint8_t flag_extensions = 0x80;
constexpr std::uint8_t reserved_flags = 0x22;

/// §6.5.1; takes what it has read off the front of `rest`.
std::optional<AuthenticatorData::AttestedCredential> take_credential(ByteView& rest) {
  if (rest.size() < id_offset) return std::nullopt;
  Aaguid aaguid{};
  std::copy_n(rest.begin(), aaguid.size(), aaguid.begin());
  const std::size_t id_size = std::size_t{rest[sizeof(Aaguid)]} << 8U | rest[sizeof(Aaguid) + 1];
  if (id_size == 0 || rest.size() - id_offset < id_size) return std::nullopt;
  const ByteView id = rest.subspan(id_offset, id_size);
  const auto key = Cbor::read_prefix(rest.subspan(id_offset + id_size));
  if (!key || !key->is_map()) return std::nullopt;
  rest = rest.subspan(id_offset + id_size + key->encoding().size());
  return AuthenticatorData::AttestedCredential{.aaguid = aaguid, .id = id, .public_key = *key};
}

}  // namespace

std::optional<AuthenticatorData> AuthenticatorData::parse(ByteView bytes) {
  if (bytes.size() < fixed_size) return std::nullopt;
  AuthenticatorData data;
  std::copy_n(bytes.begin(), data.rp_id_hash.size(), data.rp_id_hash.begin());
  const std::uint8_t flags = bytes[32];
  data.is_user_present = (flags & flag_user_present) != 0;
  data.is_user_verified = (flags & flag_user_verified) != 0;
  data.is_backup_eligible = (flags & flag_backup_eligible) != 0;
  data.is_backed_up = (flags & flag_backed_up) != 0;
  data.has_reserved_flags = (flags & reserved_flags) != 0;
  for (const std::uint8_t byte : bytes.subspan(33, 4)) data.sign_count = data.sign_count << 8U | byte;

  ByteView rest = bytes.subspan(fixed_size);
  if ((flags & flag_credential) != 0) {
    data.credential = take_credential(rest);
    if (!data.credential) return std::nullopt;
  }
  if ((flags & flag_extensions) != 0) {
    const auto extensions = Cbor::read_prefix(rest);
    if (!extensions || !extensions->is_map()) return std::nullopt;
    rest = rest.subspan(extensions->encoding().size());
  }
  if (!rest.empty()) return std::nullopt;
  return data;
}

}  // namespace latchkey::crypto::webauthn
