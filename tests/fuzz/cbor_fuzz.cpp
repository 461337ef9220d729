#include <cstdint>
#include <cstdlib>

#include "base/unicode.h"
#include "crypto/webauthn/attestation.h"
#include "crypto/webauthn/cbor.h"
#include "crypto/webauthn/cose_key.h"

/// The input is an item as an authenticator sends one. What is read spans its bytes and no more, and has one
/// spelling: no other byte at its end makes the same item.
namespace {

using namespace latchkey;
using namespace latchkey::crypto::webauthn;

void require(bool truth) {
  if (!truth) std::abort();
}

void look_at(const Cbor& item) {
  if (const auto text = item.as_text()) require(is_valid_utf8(*text));
  if (const auto bytes = item.as_bytes()) require(bytes->size() < item.encoding().size());
  static_cast<void>(item.as_integer());
  for (const std::int64_t key : {1, 2, 3, -1, -2, -3})
    if (const auto member = item.find(key)) require(member->encoding().size() < item.encoding().size());
  if (const auto first = item.front()) look_at(*first);
  static_cast<void>(CoseKey::from(item));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto item = Cbor::read_prefix(input)) {
    require(item->encoding().data() == input.data() && item->encoding().size() <= input.size());
    require(Cbor::read(item->encoding()).has_value());
    require(Cbor::read(input).has_value() == (item->encoding().size() == input.size()));
    look_at(*item);
  }
  if (const auto object = AttestationObject::parse(input)) require(is_valid_utf8(object->format));
  return 0;
}
