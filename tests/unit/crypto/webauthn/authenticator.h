#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace latchkey::crypto::webauthn::test {

/// CBOR as authenticators write it, put together by hand so that a test can also put it together wrongly.
inline void append_head(Bytes& out, unsigned kind, std::size_t argument) {
  if (argument < 24) {
    out.push_back(static_cast<std::uint8_t>(kind << 5U | argument));
  } else if (argument < 256) {
    out.insert(out.end(), {static_cast<std::uint8_t>(kind << 5U | 24U), static_cast<std::uint8_t>(argument)});
  } else {
    out.insert(out.end(), {static_cast<std::uint8_t>(kind << 5U | 25U),
                           static_cast<std::uint8_t>(argument >> 8U), static_cast<std::uint8_t>(argument)});
  }
}
inline void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
inline void append_text(Bytes& out, std::string_view text) {
  append_head(out, 3, text.size());
  append(out, view_bytes(text));
}
inline void append_bytes(Bytes& out, ByteView bytes) {
  append_head(out, 2, bytes.size());
  append(out, bytes);
}

/// An authenticator with one ES256 credential, every part of which a test can change before it answers.
struct Authenticator {
  static constexpr std::uint8_t present = 0x01, verified = 0x04, eligible = 0x08, backed_up = 0x10,
                                with_credential = 0x40, with_extensions = 0x80;

  Authenticator() {
    std::array<std::uint8_t, 65> point{};
    std::size_t size = 0;
    EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size);
    public_key = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20};
    append(public_key, ByteView(point).subspan(1, 32));
    append(public_key, Bytes{0x22, 0x58, 0x20});
    append(public_key, ByteView(point).subspan(33, 32));
  }

  Bytes data(std::uint8_t flags) const {
    Bytes out;
    append(out, sha256(rp_id));
    out.push_back(flags);
    for (int shift = 24; shift >= 0; shift -= 8)
      out.push_back(static_cast<std::uint8_t>(sign_count >> shift));
    if ((flags & with_credential) != 0) {
      append(out, aaguid);
      out.insert(out.end(),
                 {static_cast<std::uint8_t>(id.size() >> 8U), static_cast<std::uint8_t>(id.size())});
      append(out, id);
      append(out, public_key);
    }
    append(out, behind);
    return out;
  }

  Bytes sign(ByteView data, std::string_view client_data) const {
    Bytes message(data.begin(), data.end());
    append(message, sha256(client_data));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    Bytes signature(128);
    std::size_t size = signature.size();
    EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr);
    EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size());
    signature.resize(size);
    return signature;
  }

  std::string client_data(std::string_view type) const {
    return R"({"type":")" + std::string(type) + R"(","challenge":")" + encode_base64url(challenge) +
           R"(","origin":")" + origin + R"(","crossOrigin":false)" + more_client_data + "}";
  }

  static Bytes object(std::string_view format, ByteView statement, ByteView data) {
    Bytes out{0xa3};
    append_text(out, "fmt");
    append_text(out, format);
    append_text(out, "attStmt");
    append(out, statement);
    append_text(out, "authData");
    append_bytes(out, data);
    return out;
  }
  /// The statement of `packed` by the credential itself.
  Bytes self_statement(ByteView data, std::string_view client_data) const {
    Bytes out{0xa2};
    append_text(out, "alg");
    out.push_back(0x26);
    append_text(out, "sig");
    append_bytes(out, sign(data, client_data));
    return out;
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  std::string rp_id = "example.org";
  std::string origin = "https://example.org";
  Bytes challenge = Bytes(32, 7);
  std::string more_client_data;
  std::array<std::uint8_t, 16> aaguid{1, 2, 3};
  Bytes id = Bytes(16, 9);
  Bytes public_key;
  std::uint32_t sign_count = 0;
  Bytes behind;  ///< extensions, or what should not be there
};

}  // namespace latchkey::crypto::webauthn::test
