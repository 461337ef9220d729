#pragma once

#include <string_view>

#include "base/id.h"
#include "db/tx.h"
#include "settings/settings.h"

/// How many mails of one purpose an account is sent that anybody can ask for: one every
/// limits.mail_interval (a column of the account keeps that), five an hour, ten a day. The rows of
/// `mail_codes` tell how many there were, also of mails that carry no code.
namespace latchkey::flow::limits {

/// Whether the account may be sent one more now. Call it after the statement that claims the interval: that
/// one locks the account's row, so of many at once each counts the mails of those before it. Costs one round
/// trip; give it no account (`UserId{}`) where an unknown address must cost the same.
bool may_be_mailed(db::Tx& tx, const settings::Settings& settings, std::string_view purpose, UserId account,
                   Timestamp now);

/// Counts a mail as sent: in the transaction that queues it. `detail` is for codes.
void count_mail(db::Tx& tx, const settings::Settings& settings, std::string_view purpose, const LinkId& mail,
                UserId account, Timestamp now, const std::string& detail = {});

}  // namespace latchkey::flow::limits
