#include "flow/accounts/ways_in.h"

#include "flow/signin/relying_party.h"
#include "store/passkeys.h"

namespace latchkey::flow::accounts {

bool has_passkey_way_in(db::Tx& tx, const Services& services, UserId account, const Bytes& without) {
  const auto party = signin::relying_party(services);
  if (party.has_error()) return false;
  const bool code_helps = services.settings.accounts.mail_sign_in;
  const auto usable = tx.run(store::passkeys::count_usable, account, party->id, code_helps, without);
  return usable.value_or(0) > 0;
}

}  // namespace latchkey::flow::accounts
