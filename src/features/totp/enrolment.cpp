#include "features/totp/enrolment.h"

#include <algorithm>

#include "base/bytes.h"
#include "crypto/hmac.h"

namespace latchkey::features::totp {
namespace {

// Version and moment, eight bytes each; the secret, sealed; the tag over account and all of that.
constexpr std::size_t number_size = 8;
constexpr std::size_t head_size = 2 * number_size;
constexpr std::size_t tag_size = 32;
constexpr std::size_t longest_text = 512;

void append_number(Bytes& out, std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> shift));
}

std::int64_t read_number(ByteView bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes.first(number_size)) number = number << 8U | byte;
  return static_cast<std::int64_t>(number);
}

/// What the tag is made over.
std::string message_of(const Subject& account, ByteView content) {
  std::string message(view_text(account.bytes));
  message += view_text(content);
  return message;
}

}  // namespace

std::string seal_enrolment(const crypto::Keyring& ring, const Subject& account, const Enrolment& enrolment) {
  Bytes content;
  append_number(content, enrolment.version);
  append_number(content, enrolment.begun_at.time_since_epoch().count());
  std::ranges::copy(ring.seal_totp(enrolment.secret, account), std::back_inserter(content));
  const auto tag = ring.key(crypto::KeyUse::totp_enrolment).tag(message_of(account, content));
  std::ranges::copy(tag, std::back_inserter(content));
  return encode_base64url(content);
}

std::optional<Enrolment> open_enrolment(const crypto::Keyring& ring, const Subject& account,
                                        std::string_view text, Timestamp now) {
  if (text.size() > longest_text) return std::nullopt;
  const auto bytes = decode_base64url(text);
  if (!bytes.has_value() || bytes->size() <= head_size + tag_size) return std::nullopt;
  const auto content = ByteView(*bytes).first(bytes->size() - tag_size);
  const auto tag = ByteView(*bytes).last(tag_size);
  const std::string message = message_of(account, content);
  const auto keys = ring.keys(crypto::KeyUse::totp_enrolment);
  if (std::ranges::none_of(keys, [&](const auto* key) { return key->verify(message, tag); }))
    return std::nullopt;
  const Timestamp begun_at{Microseconds{read_number(content.subspan(number_size))}};
  if (now >= begun_at + enrolment_ttl) return std::nullopt;
  auto opened = ring.open_totp(content.subspan(head_size), account);
  if (!opened.has_value()) return std::nullopt;
  return Enrolment{
      .secret = std::move(opened->secret), .version = read_number(content), .begun_at = begun_at};
}

}  // namespace latchkey::features::totp
