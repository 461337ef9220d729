#include "flow/accounts/unproved_ways_in.h"

#include "store/devices.h"
#include "store/passkeys.h"
#include "store/recovery_codes.h"
#include "store/totp.h"

namespace latchkey::flow::accounts {

void drop_unproved_ways_in(db::Tx& tx, UserId account) {
  tx.run_later(store::devices::delete_devices_of, account);
  tx.run_later(store::totp::delete_totp_of_user, account);
  tx.run_later(store::passkeys::delete_passkeys_of_user, account);
  tx.run_later(store::recovery_codes::delete_codes_of_user, account);
}

}  // namespace latchkey::flow::accounts
