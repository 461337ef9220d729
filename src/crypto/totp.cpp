#include "crypto/totp.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "crypto/openssl.h"

namespace latchkey::crypto {
namespace {

constexpr std::int64_t period_seconds = 30;
constexpr std::size_t digits = 6;
constexpr std::uint32_t modulus = 1'000'000;
constexpr std::int64_t window = 1;  // steps before and after now

constexpr std::string_view base32_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

std::array<std::uint8_t, 20> hmac_sha1(const Secret& key, ByteView message) {
  std::array<std::uint8_t, 20> tag{};
  std::size_t size = 0;
  std::string digest = "SHA1";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  require(EVP_Q_mac(nullptr, "HMAC", nullptr, nullptr, parameters.data(), key.bytes().data(), key.size(),
                    message.data(), message.size(), tag.data(), tag.size(), &size) != nullptr &&
              size == tag.size(),
          "HMAC-SHA1");
  return tag;
}

/// The digits without blanks and hyphens; nothing unless six remain.
std::optional<std::array<char, digits>> read_digits(std::string_view text) {
  std::array<char, digits> code{};
  std::size_t count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    if (c < '0' || c > '9' || count == digits) return std::nullopt;
    code[count++] = c;
  }
  if (count != digits) return std::nullopt;
  return code;
}

/// RFC 3986 §2.3: what stands as it is.
void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += {'%', hex[byte >> 4U], hex[byte & 0xfU]};
    }
  }
}

}  // namespace

std::int64_t totp_step(Timestamp now) {
  const auto seconds = std::chrono::floor<Seconds>(now).time_since_epoch().count();
  return std::max<std::int64_t>(0, seconds / period_seconds);
}

std::string totp_code(const Secret& secret, std::int64_t step) {
  std::array<std::uint8_t, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(step) >> (8 * (7 - i)));
  const auto tag = hmac_sha1(secret, counter);
  // RFC 4226 §5.3, dynamic truncation.
  const std::size_t offset = tag[19] & 0xfU;
  std::uint32_t number = 0;
  for (const std::uint8_t byte : ByteView(tag).subspan(offset, 4)) number = number << 8U | byte;
  number = (number & 0x7fffffffU) % modulus;
  std::string code(digits, '0');
  for (std::size_t i = digits; i-- > 0; number /= 10) code[i] = static_cast<char>('0' + number % 10);
  return code;
}

std::optional<std::int64_t> find_totp_step(const Secret& secret, std::string_view text, Timestamp now,
                                           std::int64_t last_step) {
  const auto code = read_digits(text);
  if (!code) return std::nullopt;
  const std::int64_t today = totp_step(now);
  std::optional<std::int64_t> found;
  for (std::int64_t step = today - window; step <= today + window; ++step) {
    const std::string right = totp_code(secret, step);
    const bool matches = equal_in_constant_time(view_bytes(right), view_bytes({code->data(), code->size()}));
    if (matches && step > last_step && !found) found = step;
  }
  return found;
}

Secret totp_secret_text(const Secret& secret) {
  std::string text;
  text.reserve((secret.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : secret.bytes()) {
    bits = bits << 8U | byte;
    count += 8;
    for (; count >= 5; count -= 5) text += base32_alphabet[bits >> (count - 5) & 0x1fU];
  }
  if (count > 0) text += base32_alphabet[bits << (5 - count) & 0x1fU];
  Secret out{std::string_view(text)};
  wipe(text);
  return out;
}

Secret totp_uri(const Secret& secret, std::string_view issuer, std::string_view account) {
  const Secret key = totp_secret_text(secret);
  std::string uri;
  // So that no copy of the secret is left behind by growing.
  uri.reserve(128 + 6 * issuer.size() + 3 * account.size() + key.size());
  uri += "otpauth://totp/";
  append_percent_encoded(uri, issuer);
  uri += ':';
  append_percent_encoded(uri, account);
  uri += "?secret=";
  uri += key.text();
  uri += "&issuer=";
  append_percent_encoded(uri, issuer);
  uri += "&algorithm=SHA1&digits=6&period=30";
  Secret out{std::string_view(uri)};
  wipe(uri);
  return out;
}

}  // namespace latchkey::crypto
