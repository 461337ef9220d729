#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.h"
#include "db/tx.h"
#include "flow/links/kind.h"
#include "flow/origin.h"

/// What a mail with a link and a code is made of. Nothing is stored but the tries of the code: all follows
/// from the mail's row and the keys, so a mail that is sent twice carries the same.
namespace latchkey::flow::links {

/// A mail of some kind, as its row and the account are when it is sent. A mail whose account has changed
/// since is not sent: its link would be that of the changed account.
struct Mail {
  LinkId id;
  Subject subject;
  std::string_view email_key;  ///< of the mailbox
  std::int64_t security_version = 0;
  Timestamp created_at;
};

struct Link {
  std::string token;
  Timestamp expires_at;
  std::string code;  ///< eight digits
  Timestamp code_expires_at;
};
Link make_link(const crypto::Keyring& ring, const Settings& settings, const Kind& kind, const Mail& mail);

/// For the client that asked for the mail: the server looks at a code only with it. Give it a fresh random id
/// where there is no account, or where no mail is sent: nobody can tell.
std::string make_handle(const crypto::Keyring& ring, const Settings& settings, const LinkId& id,
                        Timestamp now);

/// Whether the account may be sent one more mail of this kind: one a limits.mail_interval, five an hour, ten
/// a day. Answers no for a blocked one. Counts this one as sent, so write the mail in the same transaction.
bool claim_mail(db::Tx& tx, const Settings& settings, const Kind& kind, UserId user, Timestamp now);
/// Costs the store what `claim_mail` does, where there is no account.
void pretend_claim(db::Tx& tx, const Settings& settings, const Kind& kind, Timestamp now);

/// Lets the code of a mail be tried: in the transaction that queues the mail. `detail` comes back in the
/// proof.
void expect_code(db::Tx& tx, const Settings& settings, const Kind& kind, const LinkId& id, UserId user,
                 const std::string& detail, Timestamp now);

}  // namespace latchkey::flow::links
