#pragma once

#include <string>
#include <string_view>

namespace latchkey::settings {

/// A value or a name in quotes for a sentence to the operator: escaped, so that it can not disturb a
/// terminal, and shortened. Of a URL that names a user it leaves user and password out.
std::string quote(std::string_view value);

/// A text as one word of a command that the operator may paste into a shell: as it is, or in quotes where the
/// shell would take a character for its own.
std::string shell_word(std::string_view text);

}  // namespace latchkey::settings
