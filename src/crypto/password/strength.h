#pragma once

#include <span>
#include <string>
#include <string_view>

namespace latchkey::crypto::password {

/// How many guesses, as a power of ten, an attacker needs who tries likely passwords first (zxcvbn's
/// estimate). `user_inputs` are words that such an attacker would try at once: the user's own address and
/// name, of which the parts are taken too. Patterns of the keyboard and the passwords that leaks show most
/// often count as what they are. Only the first 96 characters are judged, in pieces and without repetitions,
/// so the time is bounded, and linear in the length below that; what follows can only make a password
/// stronger. Any thread may call it.
double guesses_log10(std::string_view password, std::span<const std::string> user_inputs);

}  // namespace latchkey::crypto::password
