#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace latchkey::crypto::jose {

/// Ties a link to an address without showing it: the first 16 bytes of the SHA-256 of the address's key.
struct AddressFingerprint {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const AddressFingerprint&) const = default;
};

/// `email_key` is the text of an EmailKey, the form in which addresses are compared.
AddressFingerprint address_fingerprint(std::string_view email_key);

}  // namespace latchkey::crypto::jose
