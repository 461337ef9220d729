#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "base/id.h"
#include "base/text_scanner.h"
#include "crypto/hmac.h"
#include "crypto/jose/address_fingerprint.h"

/// The JWTs that we both write and read: refresh tokens, and those of links and codes in mails. A kind of
/// token is a struct of claims and a `TokenForm`, the table of its claims; this codec does the rest. The same
/// claims and key always give the same token, and a token has one spelling: whatever is read is written again
/// and compared, so nothing is taken that we would not write.
namespace latchkey::crypto::jose {

/// The largest of them is far below this.
inline constexpr std::size_t max_own_token_size = 512;

/// `base64url({"alg":"HS256","typ":"<typ>"}).`, made by the compiler. `typ` keeps a token out of every place
/// where another kind is wanted (RFC 8725 §3.11).
class OwnTokenHeader {
 public:
  consteval explicit OwnTokenHeader(std::string_view typ) {
    append(R"({"alg":"HS256","typ":")");
    append(typ);
    append(R"("})");
    if (waiting_ > 0) text_[size_++] = alphabet[bits_ << (6 - waiting_) & 63];
    text_[size_++] = '.';
  }
  constexpr std::string_view text() const { return {text_.data(), size_}; }

 private:
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  consteval void append(std::string_view json) {
    for (const char c : json) {
      bits_ = bits_ << 8 | static_cast<unsigned char>(c);
      for (waiting_ += 8; waiting_ >= 6; waiting_ -= 6)
        text_[size_++] = alphabet[bits_ >> (waiting_ - 6) & 63];
    }
  }

  std::array<char, 64> text_{};
  std::size_t size_ = 0;
  std::uint32_t bits_ = 0;
  int waiting_ = 0;  ///< how many of the bits are not written yet
};

/// One claim: its name, and the member that holds its value.
template <class Claims, class Value>
struct Claim {
  std::string_view name;
  Value Claims::*member;
};
template <class Claims, class Value>
Claim(std::string_view, Value Claims::*) -> Claim<Claims, Value>;

/// The table of a kind of token: its header, and its claims in the order in which they are written.
template <class Claims, class... Values>
struct TokenForm {
  OwnTokenHeader header;
  std::tuple<Claim<Claims, Values>...> claims;
};

template <class Claims, class... Values>
consteval TokenForm<Claims, Values...> token_form(std::string_view typ, Claim<Claims, Values>... claims) {
  return {OwnTokenHeader(typ), {claims...}};
}

namespace detail {

/// How each type of claim is written, and read back: ids as 32 hexadecimal digits, subjects as UUIDs,
/// fingerprints as base64url, moments and counters as integers (RFC 7519's NumericDate).
void append_value(std::string& payload, const std::array<std::uint8_t, 16>& id);
void append_value(std::string& payload, const Subject& subject);
void append_value(std::string& payload, const AddressFingerprint& fingerprint);
void append_value(std::string& payload, std::int64_t number);
bool read_value(TextScanner& payload, std::array<std::uint8_t, 16>& id);
bool read_value(TextScanner& payload, Subject& subject);
bool read_value(TextScanner& payload, AddressFingerprint& fingerprint);
bool read_value(TextScanner& payload, std::int64_t& number);
template <class Tag>
void append_value(std::string& payload, const Id128<Tag>& id) {
  append_value(payload, id.bytes);
}
template <class Tag>
bool read_value(TextScanner& payload, Id128<Tag>& id) {
  return read_value(payload, id.bytes);
}

/// RFC 7515 §7.1 with HMAC-SHA256.
std::string seal_payload(const OwnTokenHeader& header, std::string_view payload, const HmacKey& key);
/// The payload of a token with exactly this header and the tag of one of `keys`; nothing otherwise. The tag
/// is compared in constant time, and nothing of the payload is looked at before it is right.
std::optional<std::string> open_payload(const OwnTokenHeader& header, std::string_view token,
                                        std::span<const HmacKey* const> keys);

template <class Form, class Claims>
std::string write_payload(const Form& form, const Claims& claims) {
  std::string payload;
  payload.reserve(256);
  const auto append = [&](const auto& claim) {
    payload += payload.empty() ? "{\"" : ",\"";
    payload += claim.name;
    payload += "\":";
    append_value(payload, claims.*claim.member);
  };
  std::apply([&](const auto&... claim) { (append(claim), ...); }, form.claims);
  payload += '}';
  return payload;
}

template <class Form, class Claims>
bool read_payload(const Form& form, std::string_view payload, Claims& claims) {
  TextScanner scanner{payload};
  bool first = true;
  const auto read = [&](const auto& claim) {
    const bool opened = scanner.skip(first ? "{\"" : ",\"");
    first = false;
    return opened && scanner.skip(claim.name) && scanner.skip("\":") &&
           read_value(scanner, claims.*claim.member);
  };
  return std::apply([&](const auto&... claim) { return (read(claim) && ...); }, form.claims);
}

}  // namespace detail

template <class Claims, class... Values>
std::string make_own_token(const TokenForm<Claims, Values...>& form, const Claims& claims,
                           const HmacKey& key) {
  return detail::seal_payload(form.header, detail::write_payload(form, claims), key);
}

/// The claims of an authentic token, made with any of `keys` (the current one first). Nothing is judged here
/// but that it is ours: expiry and account are the flow's business.
template <class Claims, class... Values>
std::optional<Claims> read_own_token(const TokenForm<Claims, Values...>& form, std::string_view token,
                                     std::span<const HmacKey* const> keys) {
  const std::optional<std::string> payload = detail::open_payload(form.header, token, keys);
  if (!payload) return std::nullopt;
  Claims claims{};
  // What we would not write is not ours, even with a right tag.
  if (!detail::read_payload(form, *payload, claims) || detail::write_payload(form, claims) != *payload)
    return std::nullopt;
  return claims;
}

}  // namespace latchkey::crypto::jose
