#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "crypto/keyring.h"
#include "db/tx.h"
#include "features/totp/enrolment.h"
#include "flow/origin.h"
#include "flow/services.h"

/// An app that is being set up, whoever asks: the owner of a session, or somebody who signs in and has to
/// have a factor.
namespace latchkey::features::totp {

/// What the owner puts into the app, once.
struct Begun {
  Secret secret;  ///< in base32
  Secret uri;     ///< what a QR code holds
  std::string enrolment;
  Seconds expires_in{0};
};
/// An enrolment, sealed as `sealed`, as its owner sees it.
Begun show_app(const flow::Services& services, const Enrolment& enrolment, std::string_view email,
               std::string sealed, Seconds expires_in);
/// Makes the secret of an app for an account whose version is `version`. Stores nothing.
Begun begin_app(const flow::Services& services, Timestamp now, const Subject& subject, std::string_view email,
                std::int64_t version);

/// An app that has shown its first right code.
struct NewApp {
  Bytes sealed_secret;
  std::int64_t step = 0;     ///< of the code
  std::int64_t version = 0;  ///< of the account when the set-up began
};
/// Refuses with invalid_code: a wrong code, or an enrolment that has expired or is not this account's.
Result<NewApp> check_new_app(const crypto::Keyring& ring, const Subject& subject, std::string_view enrolment,
                             std::string_view code, Timestamp now);
/// The refusal of an enrolment whose account has changed since.
Error expired_enrolment();

/// Stores the app in place of an earlier one, uses its code up, and tells the owner by mail. In a transaction
/// that holds the account's row at `app.version`. Answers ten recovery codes where the app is the account's
/// first factor.
std::optional<std::vector<std::string>> write_app(db::Tx& tx, const flow::Services& services,
                                                  const flow::Origin& origin, UserId user,
                                                  const Subject& subject, const NewApp& app);

}  // namespace latchkey::features::totp
