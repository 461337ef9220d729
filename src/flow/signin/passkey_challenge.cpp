#include "flow/signin/passkey_challenge.h"

#include <algorithm>

#include "crypto/random.h"
#include "crypto/webauthn/client_data.h"

namespace latchkey::flow::signin {
namespace {

constexpr std::size_t random_size = 16;
constexpr std::size_t time_size = 8;
constexpr std::size_t mac_at = random_size + time_size;
/// How far the clocks of two nodes may be apart.
constexpr Microseconds clock_difference = std::chrono::minutes(1);

crypto::Sha256Digest tag_of(const crypto::HmacKey& key, Ceremony ceremony, const Subject& account,
                            ByteView challenge) {
  std::array<std::uint8_t, mac_at + 1 + 16> message{};
  auto* end = std::ranges::copy(challenge.first(mac_at), message.begin()).out;
  *end++ = static_cast<std::uint8_t>(ceremony);
  std::ranges::copy(account.bytes, end);
  return key.tag(ByteView(message));
}

/// In constant time, whatever the bytes are.
bool ends_with_tag(ByteView challenge, const crypto::Sha256Digest& tag) {
  unsigned difference = 0;
  for (std::size_t i = mac_at; i < challenge.size(); ++i)
    difference |= static_cast<unsigned>(challenge[i] ^ tag[i - mac_at]);
  return difference == 0;
}

Timestamp time_of(ByteView challenge) {
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < time_size; ++i) at = at << 8U | challenge[random_size + i];
  return Timestamp{Microseconds{static_cast<std::int64_t>(at)}};
}

}  // namespace

PasskeyChallenge make_passkey_challenge(const crypto::Keyring& ring, Ceremony ceremony,
                                        const Subject& account, Timestamp now) {
  PasskeyChallenge challenge{};
  crypto::fill_random(std::span(challenge).first(random_size));
  const auto at = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (std::size_t i = 0; i < time_size; ++i)
    challenge[random_size + i] = static_cast<std::uint8_t>(at >> (56 - 8 * i));
  const auto tag = tag_of(ring.key(crypto::KeyUse::passkey_challenge), ceremony, account, challenge);
  std::copy_n(tag.begin(), challenge.size() - mac_at, challenge.begin() + mac_at);
  return challenge;
}

std::optional<ChallengeId> read_passkey_challenge(const crypto::Keyring& ring, Ceremony ceremony,
                                                  const Subject& account, ByteView challenge, Timestamp now) {
  if (challenge.size() != PasskeyChallenge().size()) return std::nullopt;
  const auto is_ours = [&](const crypto::HmacKey* key) {
    return ends_with_tag(challenge, tag_of(*key, ceremony, account, challenge));
  };
  if (std::ranges::none_of(ring.keys(crypto::KeyUse::passkey_challenge), is_ours)) return std::nullopt;
  const Timestamp made_at = time_of(challenge);
  if (made_at > now + clock_difference || made_at + passkey_challenge_ttl <= now) return std::nullopt;
  ChallengeId id{.id = {}, .expires_at = made_at + passkey_challenge_ttl};
  std::copy_n(challenge.begin(), random_size, id.id.bytes.begin());
  return id;
}

std::optional<PasskeyChallenge> challenge_of_client_data(std::string_view client_data_json) {
  const auto data = crypto::webauthn::parse_client_data(client_data_json);
  PasskeyChallenge challenge{};
  if (!data.has_value() || !decode_base64url(data->challenge, challenge)) return std::nullopt;
  return challenge;
}

}  // namespace latchkey::flow::signin
