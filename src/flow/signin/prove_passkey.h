#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "base/task.h"
#include "flow/events.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/passkey_challenge.h"
#include "flow/signin/progress.h"
#include "store/users.h"

namespace latchkey::flow::signin {

/// What a browser answers when it was asked for a passkey.
struct PasskeyAssertion {
  Bytes id;  ///< of the credential
  std::string client_data_json;
  Bytes authenticator_data;
  Bytes signature;
  std::optional<Bytes> user_handle;
};

/// What a right assertion proves.
struct ProvedPasskey {
  store::users::Credentials account;
  Done done;  ///< the passkey, and that its user was verified where the authenticator did that
  /// Spends the challenge and moves the credential's counter on. Of many at once with one challenge, on any
  /// node, one succeeds. Refuses with invalid_passkey; a counter that went back leaves an entry in the audit.
  Consume consume;
};

/// Proves one thing: that whoever answers the challenge has a passkey of an account. Where nobody else names
/// the account, the assertion does. Nothing is used up before `consume` has run.
///
/// Refuses with invalid_passkey, whatever is wrong, and with passkeys_unavailable. What it refuses of a known
/// credential stands in the audit as `event`, with the check that failed; a counter that went back (there may
/// be a copy of the credential) always does.
Task<Result<ProvedPasskey>> prove_passkey(Services& services, Origin origin, const Event& event,
                                          Ceremony ceremony, PasskeyAssertion assertion,
                                          std::optional<store::users::Credentials> account);

}  // namespace latchkey::flow::signin
