#pragma once

#include <optional>

#include "base/client_network.h"
#include "base/id.h"
#include "base/task.h"
#include "base/time.h"
#include "crypto/keyring.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/devices.h"

/// The devices of an account: where somebody has proved to own it, by signing in, by confirming the address,
/// or by setting a password with a link or a code. Today a device is a network (base/client_network.h).
/// Failed sign-ins of a known device are counted apart from those of all others, so that strangers who guess
/// do not keep the owner out.
namespace latchkey::flow::signin {

inline constexpr std::int64_t most_devices = 20;                          ///< of an account
inline constexpr Microseconds device_ttl = std::chrono::hours(24) * 400;  ///< since it was seen last

/// A device as one account sees it.
struct Device {
  DeviceId id;                                  ///< what it is stored by from now on
  std::optional<store::devices::Device> known;  ///< nothing: no device of the account
};

/// The name of a device: a keyed hash of account and network, so that nobody can tell from the store where an
/// account is used, nor which accounts are used in one place.
DeviceId device_id(const crypto::Keyring& ring, const Subject& account, ClientNetwork client);

/// Looks for the device that a request comes from; one point read for each master secret. An address that has
/// no account costs the same: `account` is empty, and nothing is found.
Task<Device> find_device(Services& services, ClientNetwork client, Subject account);

/// Somebody has proved to own the account from there: the device is known from now on. Of more than
/// `most_devices` the account forgets the one that was seen least lately.
void remember_device(db::Tx& tx, UserId account, const DeviceId& device, Timestamp now);

/// Somebody has signed in from there. `failures`: counted for the device until now. Writes nothing where
/// there is nothing to forget and the device was seen within a day.
void welcome_device(db::Tx& tx, UserId account, const Device& device, std::int64_t failures, Timestamp now);

}  // namespace latchkey::flow::signin
