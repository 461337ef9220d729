#include "flow/signin/lost_factors.h"

#include "flow/events.h"
#include "flow/signin/events.h"
#include "store/scheduled.h"

namespace latchkey::flow::signin {

void stop_removal_of_lost(db::Tx& tx, const Origin& origin, UserId account, const Subject& subject) {
  const auto stopped =
      tx.run(store::scheduled::delete_of_user, account, std::string(store::scheduled::factor_removal));
  if (stopped.has_value()) record(tx, origin, events::factor_found, ok, to_string(subject));
}

}  // namespace latchkey::flow::signin
