#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "crypto/breached/index.h"

namespace latchkey::crypto::password {

/// What a password must be that somebody chooses.
struct Demands {
  double least_guesses_log10 = 0;             ///< of strength.h
  const breached::Index* breached = nullptr;  ///< the passwords that are refused; none: no such list
};

enum class Verdict : std::uint8_t {
  good,
  guessable,
  breached,  ///< in a list of passwords that were leaked
};

/// `password` is in NFC; `user_inputs` as for `guesses_log10`. It takes milliseconds and may wait for the
/// disk: for the hashing threads, and for commands. Throws Unavailable when the list can not be read.
Verdict judge(std::string_view password, std::span<const std::string> user_inputs, const Demands& demands);

}  // namespace latchkey::crypto::password
