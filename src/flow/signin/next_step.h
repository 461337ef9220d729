#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace latchkey::flow::signin {

/// What somebody who signs in can prove. Bits: login tokens and sessions keep them, so these stay.
enum class Proof : std::uint8_t {
  password = 1,
  mail_code = 2,  ///< the address, by a code that was mailed there; never a second factor (NIST SP 800-63B-4)
  passkey = 4,
  user_verified = 8,  ///< with a passkey whose authenticator asked for a fingerprint, a face or a PIN
  totp = 16,
  recovery_code = 32,
};

/// What is proved so far.
class Done {
 public:
  constexpr Done() = default;
  /// Of a token or a session of ours.
  static constexpr Done from_bits(std::int64_t bits) { return Done(static_cast<unsigned>(bits)); }
  constexpr std::int64_t bits() const { return bits_; }

  constexpr Done with(Proof proof) const { return Done(bits_ | static_cast<std::uint8_t>(proof)); }
  constexpr bool has(Proof proof) const { return (bits_ & static_cast<std::uint8_t>(proof)) != 0; }
  constexpr bool nothing() const { return bits_ == 0; }
  constexpr bool has_factor() const {
    return has(Proof::totp) || has(Proof::passkey) || has(Proof::recovery_code);
  }
  bool operator==(const Done&) const = default;

 private:
  constexpr explicit Done(unsigned bits) : bits_(static_cast<std::uint8_t>(bits)) {}
  std::uint8_t bits_ = 0;
};

/// What the dispatcher must know of an account.
struct AccountState {
  bool is_active = false;
  bool confirmed = false;
  bool has_password = true;
  bool has_totp = false;
  bool has_passkey = false;
  bool has_recovery_codes = false;
  bool must_change_password = false;
  bool deletion_scheduled = false;
};

/// What the operator demands of accounts.
struct Policy {
  bool confirmation_required = true;
  bool factor_required = false;  ///< of this account's role
};

struct Step {
  enum class Kind : std::uint8_t {
    identify,       ///< nothing is proved: ask for a proof
    refuse,         ///< with `refusal`, whatever else would be proved
    second_factor,  ///< one of `methods_of`
    password,       ///< or a mailed code: a passkey that verified nobody is one factor
    enrol_factor,
    new_password,
    keep_account,  ///< or let it be deleted
    done,          ///< nothing is missing: the session is opened
  };
  Kind kind = Kind::identify;
  ErrorCode refusal = ErrorCode::internal;
};

/// What comes after the proofs of `done`: the first rule that applies. Every proof is a function that proves
/// one thing, adds its bit and asks here; none of them calls another. Nothing of the account shows before
/// something is proved.
Step next_step(const AccountState& account, Done done, const Policy& policy);

/// What a client is told of a step that is missing: the code of the refusal, and what will do for the step.
/// Only for the kinds between `refuse` and `done`.
ErrorCode code_of(Step::Kind kind);
std::vector<std::string_view> methods_of(Step::Kind kind, const AccountState& account);

}  // namespace latchkey::flow::signin
