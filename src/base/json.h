#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace latchkey {

/// How deep arrays and objects may nest in what we read.
inline constexpr int max_json_depth = 16;
/// How many members one object may have: far more than any that is asked for. The table of an object is one
/// that names can be chosen for to fall into one place, and then each is compared with all before it.
inline constexpr std::size_t max_json_members = 128;

/// Reads one JSON text (RFC 8259), strictly: each member name once per object, however it is escaped; valid
/// UTF-8 with no byte order mark and no lone surrogate; at most `max_json_depth` levels, and
/// `max_json_members` members of one object; nothing after it but white space. Numbers that do not fit a
/// double are refused; integers that fit 64 bits stay integers. The value uses the default heap.
///
/// A refusal is `malformed_json` with a sentence that says what is wrong and quotes nothing of the input,
/// since the input may hold a password. The size is the caller's to limit.
Result<boost::json::value> parse_json(std::string_view text);

/// Appends `text`, which must be valid UTF-8, as a JSON string with its quotes. For output written by hand.
void append_json_string(std::string& out, std::string_view text);

}  // namespace latchkey
