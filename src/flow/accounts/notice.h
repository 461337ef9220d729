#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/tx.h"
#include "flow/links/kind.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "mail/queue.h"
#include "store/users.h"

/// Notices to the owner of an account about a change: who did what, from where, and a link for "this was not
/// me".
namespace latchkey::flow::accounts {

/// "This was not me": ends what somebody else has begun (take_back.h). Using it spends its id, and no change
/// of the account voids it: a thief who changes the account further must not be able to do so.
inline constexpr links::Kind not_me_link{
    .purpose = "not_me",
    .token = crypto::jose::link_token_form("nm+jwt"),
    .key = crypto::KeyUse::not_me_link,
    .ttl = [](const Settings&) -> Microseconds { return std::chrono::days(7); },
};

/// The link of a notice, from its row alone. Nothing: the account is gone or blocked.
std::optional<mail::Links> make_not_me_links(const mail::LinkKeys& keys, const mail::Mail& mail);

/// For the row of a notice in `Feature::mails`: its templates get `not_me_url` and `expires_at`, and each
/// body must show the link. A notice is sent whatever has become of its account; where no link can be made,
/// `not_me_url` is empty.
inline constexpr mail::LinkKind not_me{.variable = "not_me_url", .make = make_not_me_links};

/// What `queue_notice` gives each notice. A message with variables of its own lists these two with them.
inline constexpr std::string_view notice_variables[] = {"address", "device"};

/// Queues a notice to `owner`, at `owner.email`, as it is before the change, in the transaction of the
/// change. `message` is the name of the row. The templates get `address` (of the client; empty for an
/// operator), `device` (what the client says that it is, in words) and `created_at`. `language` is a tag for
/// an account that has chosen none, or empty; `link` is the purpose of a mail that has one beside the
/// notice's.
///
/// Of an account whose address nobody has ever proved to read, few notices a day are queued
/// (limits.mails_per_recipient).
LinkId queue_notice(db::Tx& tx, const Services& services, const Origin& origin,
                    const store::users::Contact& owner, std::string_view message,
                    mail::Values parameters = {}, std::string language = {}, std::string link = {});

}  // namespace latchkey::flow::accounts
