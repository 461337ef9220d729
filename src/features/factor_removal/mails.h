#pragma once

#include <optional>
#include <string_view>

#include "db/tx.h"
#include "features/factor_removal/waiting.h"
#include "flow/links/kind.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "mail/message.h"

namespace latchkey::features::factor_removal {

inline constexpr std::string_view removal_message = "factor_removal";  ///< at once, and again half-way

/// The link is good as long as the removal with its id is waiting, which is a year at most unless the account
/// is blocked: no change of the account voids it, since whoever has the password must not be able to void it,
/// and no change of the settings.
inline constexpr flow::links::Kind stop_link{
    .purpose = "keep_factors",
    .token = crypto::jose::link_token_form("kf+jwt"),
    .key = crypto::KeyUse::keep_factors_link,
    .ttl = [](const Settings&) -> Microseconds { return std::chrono::days(366); },
};

/// A removal that is waiting.
struct Waiting {
  LinkId id;
  Wanted wanted;
  Timestamp due_at;
};
enum class Notice : std::uint8_t { asked, reminder };
/// Queues the mail with the link that stops the removal, in the transaction that causes it.
void queue_removal_mail(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                        const store::users::Contact& owner, const Waiting& removal, Notice notice,
                        std::string language);

/// Nothing where the account has another address.
std::optional<mail::Links> make_stop_links(const mail::LinkKeys& keys, const mail::Mail& mail);

}  // namespace latchkey::features::factor_removal
