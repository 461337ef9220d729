#include "crypto/password/verdict.h"

#include "crypto/password/strength.h"

namespace latchkey::crypto::password {

Verdict judge(std::string_view password, std::span<const std::string> user_inputs, const Demands& demands) {
  if (guesses_log10(password, user_inputs) < demands.least_guesses_log10) return Verdict::guessable;
  const bool breached = demands.breached != nullptr && demands.breached->contains(password);
  return breached ? Verdict::breached : Verdict::good;
}

}  // namespace latchkey::crypto::password
