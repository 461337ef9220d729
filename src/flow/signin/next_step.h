#pragma once

#include <cstdint>

#include "base/error.h"

namespace latchkey::flow::signin {

/// What somebody who signs in can prove. Bits: later ones are added, these stay.
enum class Proof : std::uint8_t {
  password = 1,
};

/// What is proved so far.
class Done {
 public:
  constexpr Done() = default;
  constexpr Done with(Proof proof) const { return Done(bits_ | static_cast<std::uint8_t>(proof)); }
  constexpr bool nothing() const { return bits_ == 0; }

 private:
  constexpr explicit Done(unsigned bits) : bits_(static_cast<std::uint8_t>(bits)) {}
  std::uint8_t bits_ = 0;
};

/// What the dispatcher must know of an account.
struct AccountState {
  bool is_active = false;
  bool confirmed = false;
};

/// What the operator demands of accounts.
struct Policy {
  bool confirmation_required = true;
};

struct Step {
  enum class Kind : std::uint8_t {
    identify,  ///< nothing is proved: ask for a proof
    refuse,    ///< with `refusal`, whatever else would be proved
    done,      ///< nothing is missing: `finish_sign_in`
  };
  Kind kind = Kind::identify;
  ErrorCode refusal = ErrorCode::internal;
};

/// What comes after the proofs of `done`: the first rule that applies. Every proof is a function that proves
/// one thing, adds its bit and asks here; none of them calls another. Nothing of the account shows before
/// something is proved.
Step next_step(const AccountState& account, Done done, const Policy& policy);

}  // namespace latchkey::flow::signin
