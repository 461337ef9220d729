#include "flow/sessions/verified_tokens.h"

#include <algorithm>
#include <cstring>

namespace latchkey::flow::sessions {

std::span<VerifiedTokens::Slot, VerifiedTokens::ways> VerifiedTokens::set_of(
    const crypto::Sha256Digest& token) {
  std::uint64_t place = 0;
  std::memcpy(&place, token.data(), sizeof place);
  return std::span<Slot, ways>(slots_.data() + place % sets * ways, ways);
}

void VerifiedTokens::renew(std::uint64_t key_version) {
  if (key_version == key_version_ && !slots_.empty()) return;
  slots_.assign(ways * sets, Slot{});
  key_version_ = key_version;
}

std::optional<VerifiedToken> VerifiedTokens::find(const crypto::Sha256Digest& token,
                                                  std::uint64_t key_version, std::int64_t now) {
  renew(key_version);
  const auto set = set_of(token);
  const auto found = std::ranges::find(set, token, &Slot::token);
  if (found == set.end() || found->verified.exp <= now) return std::nullopt;
  return found->verified;
}

void VerifiedTokens::insert(const crypto::Sha256Digest& token, std::uint64_t key_version,
                            const VerifiedToken& verified) {
  renew(key_version);
  const auto first_to_expire = [](const Slot& slot) { return slot.verified.exp; };
  *std::ranges::min_element(set_of(token), {}, first_to_expire) = {token, verified};
}

}  // namespace latchkey::flow::sessions
