#pragma once

#include <optional>
#include <string_view>

namespace latchkey::crypto::password {

/// How many guesses, as a power of ten, somebody needs who tries patterns of a keyboard (US layout, and the
/// keypad for digits): paths over neighbouring keys (`qazxswedc`, `147896325`), a movement of the hand that
/// is repeated
/// (`1qaz2wsx3edc`, `q1w2e3r4t5`, `123qweasdzxc`), two straight lines by turns (`192837465`, `10203040`).
/// Nothing if the whole text is none of these, or is shorter than six characters. The text is one byte a
/// character; the time grows linearly with it.
std::optional<double> keyboard_guesses_log10(std::string_view text);

}  // namespace latchkey::crypto::password
