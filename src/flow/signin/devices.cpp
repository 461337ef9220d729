#include "flow/signin/devices.h"

#include <algorithm>
#include <array>

namespace latchkey::flow::signin {
namespace {

namespace devices = store::devices;

constexpr Microseconds seen_again = std::chrono::hours(24);

DeviceId id_under(const crypto::HmacKey& key, const Subject& account, const ClientNetwork& network) {
  std::array<std::uint8_t, 25> message{};
  auto* end = std::ranges::copy(account.bytes, message.begin()).out;
  *end++ = network.is_ipv6() ? 6 : 4;
  for (int shift = 56; shift >= 0; shift -= 8) *end++ = static_cast<std::uint8_t>(network.bits() >> shift);
  const auto tag = key.tag(std::span<const std::uint8_t>(message));
  DeviceId id;
  std::copy_n(tag.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

}  // namespace

DeviceId device_id(const crypto::Keyring& ring, const Subject& account, ClientNetwork client) {
  return id_under(ring.key(crypto::KeyUse::device), account, client);
}

Task<Device> find_device(Services& services, ClientNetwork client, Subject account) {
  const auto snapshot = services.keys.current();
  const auto keys = snapshot->ring().keys(crypto::KeyUse::device);
  Device device;
  for (const crypto::HmacKey* const key : keys) {
    const DeviceId id = id_under(*key, account, client);
    if (key == keys.front()) device.id = id;
    device.known = co_await services.database.run(devices::find_device, id);
    if (device.known.has_value()) break;
  }
  co_return device;
}

void remember_device(db::Tx& tx, UserId account, const DeviceId& device, Timestamp now) {
  tx.run_later(devices::insert_device, device, account, now);
  tx.run_later(devices::delete_surplus, account, most_devices);
}

void welcome_device(db::Tx& tx, UserId account, const Device& device, std::int64_t failures, Timestamp now) {
  if (!device.known.has_value()) return remember_device(tx, account, device.id, now);
  if (device.known->id != device.id) {
    // Its name was made under a master secret that has been replaced.
    tx.run_later(devices::delete_device, device.known->id);
    return remember_device(tx, account, device.id, now);
  }
  if (failures > 0) {
    tx.run_later(devices::update_seen, now, device.id);
  } else if (device.known->last_seen_at <= now - seen_again) {
    tx.run_later(devices::update_last_seen, now, device.id);
  }
}

}  // namespace latchkey::flow::signin
