// Rows of a store that somebody has tampered with, or a disk has changed: each column holds anything, of any
// type. A row is read, or refused with db::Fault; nothing else happens.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/unicode.h"
#include "crypto/keyring.h"
#include "db/error.h"
#include "db/tx.h"
#include "fuzz/require.h"
#include "store/audit.h"
#include "store/mails.h"
#include "store/sessions.h"
#include "store/signing_keys.h"
#include "store/users.h"

using namespace latchkey;

namespace {

/// Columns out of the input: a byte of type, for texts and bytes their size, then what they hold.
class Columns {
 public:
  explicit Columns(std::string_view input) : rest_(input) {}

  db::Value next() {
    switch (take() % 6) {
      case 0:
        return std::monostate();
      case 1:
        return take() % 2 == 1;
      case 2:
        return std::int64_t{take()} - 8;
      case 3:
        return number();
      case 4:
        return text();
      default: {
        const std::string_view bytes = text();
        return ByteView(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      }
    }
  }

 private:
  unsigned char take() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::int64_t number() {
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8U | take();
    return static_cast<std::int64_t>(bits);
  }
  std::string_view text() {
    const std::string_view text = rest_.substr(0, take());
    const std::size_t size = std::min(text.size(), rest_.size());
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

template <class Row>
std::optional<Row> read(std::string_view input) {
  Columns columns(input);
  std::array<db::Value, db::detail::column_count<Row>()> values;
  for (db::Value& value : values) value = columns.next();
  try {
    return db::detail::decode_row<Row>(values);
  } catch (const db::Fault&) {
    return std::nullopt;
  }
}

void check_key(std::string_view input) {
  static const crypto::Keyring ring(Secret{std::string_view{"a secret of this program alone"}}, {}, 1);
  const auto key = read<store::signing_keys::Key>(input);
  if (key) require(!ring.unwrap(key->sealed_private_key, key->kid));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto user = read<store::users::User>(input)) require(!to_string(user->role).empty());
  if (const auto found = read<store::users::Credentials>(input)) require(!to_string(found->role).empty());
  read<store::users::Contact>(input);
  if (const auto state = read<store::sessions::RefreshState>(input)) require(!to_string(state->role).empty());
  read<store::sessions::Bearer>(input);
  read<store::mails::Mail>(input);
  read<store::audit::Entry>(input);
  check_key(input);
  return 0;
}
