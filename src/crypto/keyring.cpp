#include "crypto/keyring.h"

#include <stdexcept>

#include "crypto/hkdf.h"
#include "crypto/seal.h"

namespace latchkey::crypto {
namespace {

/// In the order of KeyUse.
constexpr std::string_view labels[] = {"refresh-token",     "confirmation-token",
                                       "reset-link",        "mail-code",
                                       "code-handle",       "cursor",
                                       "signature-nonce",   "device",
                                       "invitation-link",   "login-token",
                                       "passkey-challenge", "totp-enrolment",
                                       "sign-in-link",      "email-change-link",
                                       "email-undo-link",   "not-me-link",
                                       "keep-account-link", "keep-factors-link",
                                       "browser-session",   "form-token"};
constexpr std::int64_t no_epoch = 0;
constexpr std::string_view signing_key_label = "signing-key";
constexpr std::string_view totp_label = "totp-secret";

}  // namespace

Keyring::HmacKeys Keyring::derive_hmac_keys(std::span<const Secret* const> masters, std::string_view label,
                                            std::int64_t epoch) {
  HmacKeys made;
  made.keys.reserve(masters.size());  // the pointers below need the keys to stay where they are
  for (const Secret* const master : masters) {
    made.keys.emplace_back(derive(*master, label, epoch));
    made.pointers.push_back(&made.keys.back());
  }
  return made;
}

Keyring::Keyring(const Secret& current, std::span<const Secret> previous, std::int64_t epoch) {
  std::vector<const Secret*> masters{&current};
  for (const Secret& master : previous) masters.push_back(&master);
  for (const Secret* const master : masters) {
    if (master->size() < 16) throw std::invalid_argument("a master secret has at least 16 bytes");
    wrapping_.push_back(derive(*master, signing_key_label, epoch));
    totp_.push_back(derive(*master, totp_label, no_epoch));
  }
  for (const std::string_view label : labels) {
    const bool outlives_restores = hmac_keys_.size() == static_cast<std::size_t>(KeyUse::device);
    hmac_keys_.push_back(derive_hmac_keys(masters, label, outlives_restores ? no_epoch : epoch));
  }
}

Bytes Keyring::wrap(const jose::SigningKey& key, std::string_view kid) const {
  const Secret der = key.to_pkcs8();
  return seal(wrapping_.front(), der.bytes(), kid);
}

std::optional<Keyring::Unwrapped> Keyring::unwrap(std::span<const std::uint8_t> wrapped,
                                                  std::string_view kid) const {
  for (const Secret& wrapping : wrapping_) {
    const std::optional<Secret> der = open(wrapping, wrapped, kid);
    if (!der) continue;
    std::optional<jose::SigningKey> key = jose::SigningKey::from_pkcs8(*der);
    if (!key) return std::nullopt;
    return Unwrapped{std::move(*key), &wrapping != &wrapping_.front()};
  }
  return std::nullopt;
}

Bytes Keyring::seal_totp(const Secret& secret, const Subject& account) const {
  return seal(totp_.front(), secret.bytes(), to_string(account));
}

std::optional<Keyring::OpenedTotp> Keyring::open_totp(ByteView sealed, const Subject& account) const {
  for (const Secret& key : totp_) {
    std::optional<Secret> secret = open(key, sealed, to_string(account));
    if (secret) return OpenedTotp{std::move(*secret), &key != &totp_.front()};
  }
  return std::nullopt;
}

}  // namespace latchkey::crypto
