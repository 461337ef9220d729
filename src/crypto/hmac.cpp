#include "crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <array>

#include "base/bytes.h"
#include "crypto/openssl.h"
#include "crypto/per_thread.h"

namespace latchkey::crypto {

using MacContext = OpensslPtr<EVP_MAC_CTX, EVP_MAC_CTX_free>;

struct HmacKey::State {
  MacContext keyed;  ///< only ever duplicated
  std::uint64_t number = new_key_number();
};

HmacKey::HmacKey(const Secret& key) {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  require(algorithm != nullptr, "HMAC");
  auto state = std::make_unique<State>();
  state->keyed.reset(EVP_MAC_CTX_new(algorithm));
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  // A null key would mean "keep the key that is there", so an empty one needs an address.
  const std::uint8_t nothing = 0;
  const std::uint8_t* const bytes = key.empty() ? &nothing : key.bytes().data();
  require(
      state->keyed != nullptr && EVP_MAC_init(state->keyed.get(), bytes, key.size(), parameters.data()) == 1,
      "HMAC key");
  state_ = std::move(state);
}

HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;
HmacKey::~HmacKey() = default;

Sha256Digest HmacKey::tag(std::span<const std::uint8_t> message) const {
  thread_local PerThread<MacContext> contexts;
  EVP_MAC_CTX* const context = contexts.get(state_->number, [this] {
    MacContext copy{EVP_MAC_CTX_dup(state_->keyed.get())};
    require(copy != nullptr, "HMAC copy");
    return copy;
  });
  Sha256Digest tag;
  std::size_t size = 0;
  // Without a key, init begins a new message under the old key.
  require(EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
              EVP_MAC_update(context, message.data(), message.size()) == 1 &&
              EVP_MAC_final(context, tag.data(), &size, tag.size()) == 1 && size == tag.size(),
          "HMAC tag");
  return tag;
}

Sha256Digest HmacKey::tag(std::string_view message) const { return tag(view_bytes(message)); }

bool HmacKey::verify(std::string_view message, std::span<const std::uint8_t> tag_to_check) const {
  const Sha256Digest right = tag(message);
  return equal_in_constant_time(right, tag_to_check);
}

}  // namespace latchkey::crypto
