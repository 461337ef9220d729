#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

/// Well-formed UTF-8 by Unicode's table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is
/// allowed.
bool is_valid_utf8(std::string_view text);

/// Normalization Form C, so that one password or name typed on two systems is the same bytes. Nothing for bad
/// UTF-8.
std::optional<std::string> to_nfc(std::string_view text);

/// The text without leading and trailing characters of the Unicode property White_Space; a view into `text`.
/// Bytes that are not UTF-8 count as visible.
std::string_view trim(std::string_view text);

/// The text without a byte order mark (U+FEFF) at its beginning, which some editors put there; a view into
/// `text`.
std::string_view without_byte_order_mark(std::string_view text);

/// How many code points valid UTF-8 holds.
std::size_t count_code_points(std::string_view text);

/// C0, DEL or C1 (as U+0080 to U+009F). `text` is valid UTF-8.
bool has_control_characters(std::string_view text);

/// Whether anything of valid UTF-8 shows: one character at least that is neither white space nor a control,
/// nor default-ignorable (zero-width joiners and spaces, fillers, what sets the direction of text; Unicode's
/// DerivedCoreProperties). Such characters beside visible ones are part of how many scripts are written.
bool has_visible_characters(std::string_view text);

/// A key under which texts that differ only by case or by compatibility forms are the same: NFKC of Unicode's
/// full case folding. It depends on no locale. Nothing for bad UTF-8.
std::optional<std::string> fold_case(std::string_view text);

/// Folds A to Z only; for protocol words and host names.
std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_ascii_case(std::string_view a, std::string_view b);

}  // namespace latchkey
