#pragma once

#include <string>
#include <string_view>

namespace latchkey::mail {

/// A username as mails show it: nothing in it is an address of the web, of a person or of a file any more.
/// Mail programs make links of such addresses by themselves, in the text and in the HTML alike, and a
/// stranger who signs up with somebody else's address chooses the name that the owner reads. So a space is
/// put behind each dot, colon, slash, backslash and at sign of any script that something follows: no program
/// joins words across a space, where some do across characters that nobody sees. Every other name stays as it
/// is, in all scripts.
std::string without_links(std::string_view name);

}  // namespace latchkey::mail
