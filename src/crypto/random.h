#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/id.h"

namespace latchkey::crypto {

/// Fills `out` from the kernel's generator (getrandom(2), which waits for its first seeding only). Any thread
/// may call it. A kernel that refuses leaves nothing safe to go on with, so the process aborts.
void fill_random(std::span<std::uint8_t> out);

template <std::size_t N>
std::array<std::uint8_t, N> random_array() {
  std::array<std::uint8_t, N> bytes;
  fill_random(bytes);
  return bytes;
}

/// A random UUID, version 4 (RFC 9562 §5.4).
Subject new_subject();
SessionId new_session_id();
LinkId new_link_id();
/// The `jti` of an access token: 128 random bits as 22 characters of base64url.
std::string new_token_id();

}  // namespace latchkey::crypto
