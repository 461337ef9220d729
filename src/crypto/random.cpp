#include "crypto/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

#include "base/bytes.h"

namespace latchkey::crypto {

void fill_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

Subject new_subject() {
  Subject subject{random_array<16>()};
  subject.bytes[6] = static_cast<std::uint8_t>((subject.bytes[6] & 0x0f) | 0x40);
  subject.bytes[8] = static_cast<std::uint8_t>((subject.bytes[8] & 0x3f) | 0x80);
  return subject;
}

SessionId new_session_id() { return SessionId{random_array<16>()}; }

LinkId new_link_id() { return LinkId{random_array<16>()}; }

std::string new_token_id() { return encode_base64url(random_array<16>()); }

}  // namespace latchkey::crypto
