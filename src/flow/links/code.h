#pragma once

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

/// The id of a mail under a mask that follows from `handle`, and back: two handles of one mail have nothing
/// in common, so nobody learns from a second one whether the address has an account.
LinkId mask_mail(const crypto::HmacKey& key, const LinkId& handle, const LinkId& mail);

/// What somebody typed, without blanks and hyphens; nothing when it can not be a code.
std::optional<std::string> read_code(std::string_view typed);

/// In constant time.
bool is_one_of(const std::string& code, const std::vector<std::string>& codes);

}  // namespace latchkey::flow::links
