#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/email_address.h"
#include "base/error.h"
#include "crypto/keyring.h"
#include "db/tx.h"
#include "flow/links/kind.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "mail/message.h"

/// Invitations, for `accounts.sign_up = "invited"`: a link that lets one address sign up, once. Nothing is
/// stored until somebody has used it.
namespace latchkey::features::signup {

inline constexpr std::string_view invitation_message = "invitation";

inline constexpr flow::links::Kind invitation_link{
    .purpose = invitation_message,
    .token = crypto::jose::link_token_form("iv+jwt"),
    .key = crypto::KeyUse::invitation_link,
    .ttl = [](const Settings& settings) { return settings.accounts.invitation_ttl; },
};

struct Invitation {
  std::string url;  ///< of the page with the form; the token is what follows its last slash
  Timestamp expires_at;
};

/// For somebody whom the operator tells in some other way. Refuses with account_exists.
Result<Invitation> make_invitation(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                                   const std::string& public_url, const EmailAddress& email);
/// The same as a mail, which carries the link.
Result<Timestamp> mail_invitation(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                                  const EmailAddress& email);

/// `invitation_url` of such a mail.
std::optional<mail::Links> make_invitation_links(const mail::LinkKeys& keys, const mail::Mail& mail);

/// An invitation that is authentic and has not expired. Whether it was used shows when it is spent.
struct Invited {
  LinkId id;
  crypto::jose::AddressFingerprint address;
  Timestamp expires_at;

  bool is_for(const EmailAddress& email) const;
};
std::optional<Invited> read_invitation(const crypto::Keyring& ring, std::string_view token, Timestamp now);

/// Uses it up. Of many at once one call answers true.
bool spend(db::Tx& tx, const Invited& invitation);

}  // namespace latchkey::features::signup
