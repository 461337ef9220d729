#pragma once

#include <optional>
#include <string_view>

#include "crypto/breached/format.h"

namespace latchkey::crypto::breached {

/// The entry of one line, without its end, of the list that Have I Been Pwned gives away: the SHA-1 of a
/// password as 40 hexadecimal digits, and, if anything follows, a colon and how often it was seen. Nothing
/// for any other line.
std::optional<Entry> read_hash_line(std::string_view line);

/// The entry of a line that is a password as people type it. Nothing for an empty line, and for one that is
/// no UTF-8: no account can have it.
std::optional<Entry> read_password_line(std::string_view line);

/// What a line is that `read_hash_line` does not know, as the rest of a sentence, with what to do.
std::string_view explain_hash_line(std::string_view line);

}  // namespace latchkey::crypto::breached
