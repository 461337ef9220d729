#include "flow/accounts/history.h"

#include <limits>

namespace latchkey::flow::accounts {

Task<std::vector<store::audit::Told>> list_history(Services& services, Subject account,
                                                   std::optional<std::int64_t> before, std::int64_t limit) {
  const std::int64_t from = before.value_or(std::numeric_limits<std::int64_t>::max());
  co_return co_await services.database.run(store::audit::list_told, to_string(account), from, limit);
}

std::int64_t forget_history(db::Tx& tx, const Subject& account, std::int64_t most) {
  return tx.run(store::audit::forget_addresses, to_string(account), most).rows;
}

}  // namespace latchkey::flow::accounts
