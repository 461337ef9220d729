#include <cstdint>
#include <cstdlib>

#include "crypto/webauthn/authenticator_data.h"

/// The input is what an authenticator signs. What is read lies within it, and nothing can follow it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const ByteView input(data, size);
  const auto parsed = crypto::webauthn::AuthenticatorData::parse(input);
  if (!parsed) return 0;
  Bytes longer(input.begin(), input.end());
  longer.push_back(0xa0);
  if (crypto::webauthn::AuthenticatorData::parse(longer)) std::abort();
  if (!parsed->credential) return 0;
  const auto id = parsed->credential->id;
  const auto key = parsed->credential->public_key.encoding();
  const bool within = id.data() > input.data() && key.data() == id.data() + id.size() &&
                      key.data() + key.size() <= input.data() + input.size();
  if (!within || id.empty() || !parsed->credential->public_key.is_map()) std::abort();
  return 0;
}
