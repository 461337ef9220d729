#pragma once

#include <string>
#include <string_view>

namespace latchkey {

/// The text with everything that could rearrange, hide or forge what stands around it shown as U+FFFD
/// instead: control characters, line and paragraph separators, marks that change the direction of writing,
/// invisible characters that no script needs, and bytes that are not UTF-8. For names that strangers chose.
std::string make_inert(std::string_view text);
void append_inert(std::string& out, std::string_view text);

/// `make_inert`, and the five characters of HTML as references; for element content and quoted attributes.
void append_html(std::string& out, std::string_view text);

}  // namespace latchkey
