#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "features/passkeys/own_passkeys.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/passkey_challenge.h"
#include "store/passkeys.h"

/// A passkey that a browser has made, whoever asks: the owner of a session, or somebody who signs in and has
/// to have a factor.
namespace latchkey::features::passkeys {

inline constexpr std::int64_t most_passkeys = 20;  ///< of an account

/// What a browser answers when it has made a passkey.
struct NewPasskey {
  std::string name;
  Bytes id;
  std::string client_data_json;
  Bytes attestation_object;
  std::vector<std::string> transports;  ///< as the client says; hints that nobody signed
};

/// One that was made for a challenge of ours, as it can be stored.
struct CheckedPasskey {
  store::passkeys::Passkey passkey;
  flow::signin::ChallengeId challenge;
};

/// Judges the ceremony. Refuses with invalid_passkey, whatever is wrong, passkeys_unavailable and
/// validation_failed. Writes nothing but what the audit has of a refusal.
Task<Result<CheckedPasskey>> check_passkey(flow::Services& services, flow::Origin origin, Owner owner,
                                           NewPasskey made);

/// Stores the passkey, spends its challenge, and tells the owner by mail. In a transaction that has locked
/// the account's row. Answers ten recovery codes where the passkey is the account's first factor. Refuses
/// before it has written anything: with invalid_passkey (a challenge that is spent, a credential that is
/// known, to whomever it belongs) and with too_many_passkeys.
Result<std::vector<std::string>> write_passkey(db::Tx& tx, const flow::Services& services,
                                               const flow::Origin& origin, const Subject& owner,
                                               const CheckedPasskey& checked);

}  // namespace latchkey::features::passkeys
