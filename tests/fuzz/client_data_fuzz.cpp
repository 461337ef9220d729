#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/unicode.h"
#include "crypto/webauthn/client_data.h"

/// The input is what a browser says of a ceremony. What is read is text, and no longer than the input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parsed = crypto::webauthn::parse_client_data(input);
  if (!parsed) return 0;
  if (size > crypto::webauthn::max_client_data_size) std::abort();
  for (const auto& text : {parsed->type, parsed->challenge, parsed->origin})
    if (!is_valid_utf8(text) || text.size() > 3 * size) std::abort();
  return 0;
}
