#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "crypto/keyring.h"

namespace latchkey::flow::links {

/// The code of a mail: eight digits that follow from its id and purpose under the current master secret.
std::string make_code(const crypto::Keyring& ring, const LinkId& id, std::string_view purpose);
/// The same under each master secret, the current one first: a mail may have been sent before the secret
/// changed.
std::vector<std::string> codes_of(const crypto::Keyring& ring, const LinkId& id, std::string_view purpose);

/// What a handle says: the mail, and how tries of its code with this handle are counted (a number from 0 to
/// 3).
struct Handled {
  LinkId mail;
  std::int64_t counted = 0;
  bool operator==(const Handled&) const = default;
};
/// The same under a mask that follows from `handle`, and back: two handles of one mail have nothing in
/// common, so nobody learns from a handle whether the address has an account, nor who else has asked.
Handled mask(const crypto::HmacKey& key, const LinkId& handle, const Handled& handled);

/// What somebody typed, without blanks and hyphens; nothing when it can not be a code.
std::optional<std::string> read_code(std::string_view typed);

/// In constant time.
bool is_one_of(const std::string& code, const std::vector<std::string>& codes);

}  // namespace latchkey::flow::links
