#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "db/tx.h"
#include "flow/signin/factor_attempts.h"
#include "store/users.h"

/// Recovery codes: what the owner of an account with a second factor keeps on paper. A code is 80 random bits
/// as `xxxx-xxxx-xxxx-xxxx`, in the letters and digits of Crockford's base32, which has no two that look
/// alike. The store has their hashes alone, made with no key of ours.
namespace latchkey::flow::signin {

inline constexpr int recovery_codes_made = 10;

/// A new code, as its owner sees it.
Secret make_recovery_code();
/// A code as its hash is made from it: 16 characters. Blanks and hyphens are left out, capital letters are
/// small ones, and `o`, `i` and `l` are read as the digits that they look like. Nothing for any other text.
std::optional<Secret> read_recovery_code(std::string_view text);
/// Whether a text can be a code, and so is looked for and counts as a try.
inline Looked looked_at(const Secret& typed) {
  return read_recovery_code(typed.text()).has_value() ? Looked::at_it : Looked::not_at_it;
}
/// What the store names a code by: SHA-256 of the account's subject and the code.
Bytes hash_of_recovery_code(const Subject& account, const Secret& code);

/// Ten new codes in place of all that the account had; the one time that anybody sees them. In a transaction
/// that began with `factors::raise_version` and ends with `factors::update_mark`.
std::vector<std::string> replace_recovery_codes(db::Tx& tx, UserId account, const Subject& subject,
                                                Timestamp now);
/// The account's last factor was removed: its codes are worth nothing, and a removal that waits has nothing
/// to remove. Does nothing where a factor is left.
void drop_recovery_codes_without_factor(db::Tx& tx, UserId account);

}  // namespace latchkey::flow::signin
