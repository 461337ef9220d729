#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace latchkey::crypto::password {

/// Whether a password, without regard to case, is among those that leaks show most often: some ten thousand
/// of eight characters or more. They come from Debian's python3-zxcvbn when the program is built
/// (cmake/common_passwords.py); a program that was built without it knows none. Only a number of each is
/// kept, so three of a million other passwords are taken for a common one.
bool is_common_password(std::string_view text);

/// As many as anybody tries before something else, as a power of ten.
inline constexpr double common_guesses_log10 = 4.5;

/// In ascending order. A generated file defines it.
extern const std::span<const std::uint32_t> common_password_numbers;

}  // namespace latchkey::crypto::password
