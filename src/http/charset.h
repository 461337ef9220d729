#pragma once

#include <cstdint>
#include <string_view>

namespace latchkey::http {

/// What a `charset` label means for text that Latchkey reads as UTF-8 whatever the label says.
enum class Charset : std::uint8_t {
  utf8,
  ascii_superset,  ///< ASCII text is the same bytes in it as in UTF-8: ISO-8859-1, windows-1252, GBK, …
  other  ///< it is not (UTF-16, UTF-32, UTF-7, EBCDIC, ISO-2022-JP, …), or nobody here knows the label
};

/// Compares labels as the charset registry's readers do (UTS #22 §1.4): case, `-`, `_` and blanks do not
/// count, nor does a year behind a colon. The labels are those of IANA, and those that browsers take (WHATWG
/// Encoding §4.2).
Charset classify_charset(std::string_view label);

}  // namespace latchkey::http
