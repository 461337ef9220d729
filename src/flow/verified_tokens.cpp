#include "flow/verified_tokens.h"

#include <cstring>

namespace latchkey::flow {

VerifiedTokens::Slot& VerifiedTokens::slot(const crypto::Sha256Digest& token) {
  std::uint64_t place = 0;
  std::memcpy(&place, token.data(), sizeof place);
  return slots_[place % slot_count];
}

void VerifiedTokens::renew(std::uint64_t key_version) {
  if (key_version == key_version_ && !slots_.empty()) return;
  slots_.assign(slot_count, Slot{});
  key_version_ = key_version;
}

std::optional<VerifiedToken> VerifiedTokens::find(const crypto::Sha256Digest& token,
                                                  std::uint64_t key_version, std::int64_t now) {
  renew(key_version);
  const Slot& found = slot(token);
  if (found.token != token || found.verified.exp <= now) return std::nullopt;
  return found.verified;
}

void VerifiedTokens::insert(const crypto::Sha256Digest& token, std::uint64_t key_version,
                            const VerifiedToken& verified) {
  renew(key_version);
  slot(token) = {token, verified};
}

}  // namespace latchkey::flow
