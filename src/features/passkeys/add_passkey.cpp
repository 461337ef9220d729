#include "features/passkeys/add_passkey.h"

#include "store/factors.h"

namespace latchkey::features::passkeys {

Task<Result<AddedPasskey>> add_passkey(flow::Services& services, flow::Origin origin, Owner owner,
                                       NewPasskey made, EndedSessions others) {
  auto checked = co_await check_passkey(services, origin, owner, std::move(made));
  if (checked.has_error()) co_return checked.error();
  auto work = [&](db::Tx& tx) -> Result<std::vector<std::string>> {
    if (!tx.run(store::factors::lock_account, owner.id).has_value()) return Error(ErrorCode::invalid_token);
    auto codes = write_passkey(tx, services, origin, owner.subject, *checked);
    if (codes.has_value()) end_others(tx, owner, others);
    return codes;
  };
  auto codes = co_await services.database.write(work);
  if (codes.has_error()) co_return codes.error();
  co_return AddedPasskey{.passkey = std::move(checked->passkey), .recovery_codes = std::move(*codes)};
}

}  // namespace latchkey::features::passkeys
