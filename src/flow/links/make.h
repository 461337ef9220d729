#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "db/tx.h"
#include "flow/limits/sent_mails.h"
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

/// How tries of a code are counted. Whoever did not ask for the mail is counted apart from whoever did, and
/// known devices apart from unknown ones, so that strangers neither use up the tries of an owner nor void a
/// code. In handles: for ten minutes.
enum class Tries : std::uint8_t {
  of_asker = 0,        ///< who has asked for the mail, from an unknown device
  of_known_asker = 1,  ///< the same, from a device that the account knows
  of_others = 2,       ///< who got no mail of their own, since there was one lately
};

/// The mail whose code somebody can try, and how.
struct Expected {
  LinkId mail;
  Tries tries = Tries::of_asker;
};

/// For the client that asked for the mail: the server looks at a code only with it. Give it the mail that was
/// sent already where no further one is sent, and a fresh random id where there is no account: nobody can
/// tell.
std::string make_handle(const crypto::Keyring& ring, const Settings& settings, const Expected& expected,
                        Timestamp now);

struct Claim {
  bool is_granted = false;
  std::optional<Expected> last;  ///< where it is not: the code that is good already, if there is one
};
/// Whether the account may be sent one more mail of this kind: one a limits.mail_interval, five an hour, ten
/// a day, those that known devices ask for apart. A blocked one may not. Write the mail in the same
/// transaction.
Claim claim_mail(db::Tx& tx, const Settings& settings, const Kind& kind, UserId user,
                 const limits::Asker& asker, Timestamp now);
/// Costs the store what `claim_mail` does, where there is no account.
void pretend_claim(db::Tx& tx, const Settings& settings, const Kind& kind, Timestamp now);

/// Lets the code of a mail be tried: in the transaction that queues the mail. `detail` comes back in the
/// proof.
void expect_code(db::Tx& tx, const Settings& settings, const Kind& kind, const LinkId& id, UserId user,
                 const std::string& detail, Timestamp now, const limits::Asker& asker = {});
inline Tries tries_of(const limits::Asker& asker) {
  return asker.is_known ? Tries::of_known_asker : Tries::of_asker;
}

}  // namespace latchkey::flow::links
