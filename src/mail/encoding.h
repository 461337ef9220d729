#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// How text travels in a mail: the encodings of MIME, on valid UTF-8.
namespace latchkey::mail {

/// Printable ASCII and spaces only.
bool is_plain_ascii(std::string_view text);
std::size_t count_high_bytes(std::string_view text);

/// Every line end (CR LF, LF, or CR) as CR LF, and one at the end.
std::string use_crlf(std::string_view text);

/// Whether `text`, which has CR LF, may be sent as it is: no control characters but line ends and tabs, and
/// no line over the 998 bytes of RFC 5322 §2.1.1.
bool has_short_plain_lines(std::string_view text);

/// RFC 2045 §6.7. `text` has CR LF, which stay; lines of the result are at most 76 characters.
std::string encode_quoted_printable(std::string_view text);

/// RFC 2047 encoded words of the Q encoding, fit for a display name too, of at most 75 characters, on lines
/// that are folded after `first_column` characters of a header name. No word splits a character.
std::string encode_words(std::string_view text, std::size_t first_column);

}  // namespace latchkey::mail
