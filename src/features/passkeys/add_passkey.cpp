#include "features/passkeys/add_passkey.h"

#include "store/factors.h"

namespace latchkey::features::passkeys {

Task<Result<AddedPasskey>> add_passkey(flow::Services& services, flow::Origin origin, Owner owner,
                                       NewPasskey made, EndedSessions others) {
  auto checked = co_await check_passkey(services, origin, owner, std::move(made));
  if (checked.has_error()) co_return checked.error();
  auto work = [&](db::Tx& tx) -> Result<std::vector<std::string>> {
    auto codes = write_passkey(tx, services, origin, owner.subject, *checked);
    if (codes.has_value()) end_others(tx, owner, others);
    return codes;
  };
  auto codes = co_await flow::sessions::write_as(services, origin.now, asker_of(owner),
                                                 flow::sessions::Recency::recent, work);
  if (codes.has_error()) co_return codes.error();
  co_return AddedPasskey{.passkey = std::move(checked->passkey), .recovery_codes = std::move(*codes)};
}

}  // namespace latchkey::features::passkeys
