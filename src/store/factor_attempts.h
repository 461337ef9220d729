#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Wrong codes of the authenticator app, in a row, kept with the account so that they survive a restart.
/// Apart from wrong passwords and from wrong codes of mails: what one kind of proof fails says nothing about
/// another. Every statement throws `Unavailable` when the store can not answer.
namespace latchkey::store::factor_attempts {

struct FactorFailures {
  std::int64_t failed_factors = 0;
  Timestamp factors_locked_until;
};
BOOST_DESCRIBE_STRUCT(FactorFailures, (), (failed_factors, factors_locked_until))
inline constexpr db::Statement<std::optional<FactorFailures>, UserId> find_failures{
    "SELECT failed_factors, factors_locked_until FROM users WHERE id = $1"};

/// Counts one try before anybody compares its code, so that parallel guesses can not pass the limit. No row:
/// the codes are locked or closed now, and nothing has changed. From the limit on, the try locks until `$2`.
/// Parameters: limit, locked until when reached, account, now, how many close the app.
inline constexpr db::Statement<std::optional<std::int64_t>, std::int64_t, Timestamp, UserId, Timestamp,
                               std::int64_t>
    reserve{
        "UPDATE users SET failed_factors = failed_factors + 1, "
        "factors_locked_until = CASE WHEN failed_factors + 1 >= $1 THEN $2 ELSE factors_locked_until END "
        "WHERE id = $3 AND factors_locked_until <= $4 AND failed_factors < $5 RETURNING failed_factors"};

/// The last wrong code that is looked at has closed the app: `$1` is a moment that never comes. Of many at
/// once one gets a row; none does where the failures were forgotten meanwhile. Parameters: that moment,
/// account, how many close the app.
inline constexpr db::Statement<std::optional<UserId>, Timestamp, UserId, std::int64_t> close{
    "UPDATE users SET factors_locked_until = $1 "
    "WHERE id = $2 AND failed_factors >= $3 AND factors_locked_until < $1 RETURNING id"};

/// A right code, another app, or an operator: everything counts anew.
inline constexpr db::Statement<db::Affected, UserId> forget{
    "UPDATE users SET failed_factors = 0, factors_locked_until = 0 WHERE id = $1"};
/// Another factor was right: opens what `$2` wrong codes had closed. A lock for a while stays.
inline constexpr db::Statement<db::Affected, UserId, std::int64_t> open_closed{
    "UPDATE users SET failed_factors = 0, factors_locked_until = 0 WHERE id = $1 AND failed_factors >= $2"};

}  // namespace latchkey::store::factor_attempts
