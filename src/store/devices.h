#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// The devices of accounts. What a device is, and how its id is made, says flow/signin/devices.h; how
/// failures are counted, store/attempts.h.
namespace latchkey::store::devices {

struct Device {
  DeviceId id;
  Timestamp first_seen_at;
  Timestamp last_seen_at;
  std::int64_t failed_sign_ins = 0;
  Timestamp locked_until;
  Timestamp closed_at;  ///< since when the password is refused to it; the epoch where it is not
};
BOOST_DESCRIBE_STRUCT(Device, (), (id, first_seen_at, last_seen_at, failed_sign_ins, locked_until, closed_at))

inline constexpr db::Statement<std::optional<Device>, DeviceId> find_device{
    "SELECT id, first_seen_at, last_seen_at, failed_sign_ins, locked_until, closed_at FROM devices WHERE id "
    "= "
    "$1"};
/// The one that was seen last comes first. They are few (`delete_surplus`).
inline constexpr db::Statement<std::vector<Device>, UserId> list_devices_of{
    "SELECT id, first_seen_at, last_seen_at, failed_sign_ins, locked_until, closed_at FROM devices "
    "WHERE user_id = $1 ORDER BY last_seen_at DESC, id"};

/// Nothing changes where it is there already. Parameters: id, account, now.
inline constexpr db::Statement<db::Affected, DeviceId, UserId, Timestamp> insert_device{
    "INSERT INTO devices (id, user_id, first_seen_at, last_seen_at, failed_sign_ins, locked_until, "
    "closed_at) "
    "VALUES ($1, $2, $3, $3, 0, 0, 0) ON CONFLICT DO NOTHING"};
/// Of the devices of an account leaves the `$2` that were seen last.
inline constexpr db::Statement<db::Affected, UserId, std::int64_t> delete_surplus{
    "DELETE FROM devices WHERE id IN (SELECT id FROM devices WHERE user_id = $1 ORDER BY last_seen_at DESC, "
    "id "
    "LIMIT 1000 OFFSET $2)"};

/// Somebody has signed in from there: forgets the failures, too.
inline constexpr db::Statement<db::Affected, Timestamp, DeviceId> update_seen{
    "UPDATE devices SET last_seen_at = $1, failed_sign_ins = 0, locked_until = 0 WHERE id = $2"};
/// The same, and what was failed from there stays counted.
inline constexpr db::Statement<db::Affected, Timestamp, DeviceId> update_last_seen{
    "UPDATE devices SET last_seen_at = $1 WHERE id = $2"};
inline constexpr db::Statement<db::Affected, DeviceId> delete_device{"DELETE FROM devices WHERE id = $1"};
inline constexpr db::Statement<db::Affected, UserId> delete_devices_of{
    "DELETE FROM devices WHERE user_id = $1"};

/// Housekeeping walks the table by its key, a page at a time: no index holds the times, which change often.
/// Parameters: the moment before which they count as expired, the last id of the page before, how many.
struct Walked {
  DeviceId id;
  bool has_expired = false;
};
BOOST_DESCRIBE_STRUCT(Walked, (), (id, has_expired))
inline constexpr db::Statement<std::vector<Walked>, Timestamp, DeviceId, std::int64_t> list_walked{
    "SELECT id, (last_seen_at <= $1) FROM devices WHERE id > $2 ORDER BY id LIMIT $3"};
inline constexpr db::Statement<db::Affected, DeviceId, DeviceId, Timestamp> delete_unseen_between{
    "DELETE FROM devices WHERE id > $1 AND id <= $2 AND last_seen_at <= $3"};

}  // namespace latchkey::store::devices
