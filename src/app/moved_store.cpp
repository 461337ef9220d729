#include "app/moved_store.h"

#include "app/refusal.h"
#include "flow/move.h"
#include "store/moves.h"

namespace latchkey::app {

void settle_earlier_move(db::Database& database, const Settings& settings) {
  if (auto why = flow::explain_barred(database)) throw StartRefused(std::move(*why));
  const auto dialect = settings.is_embedded() ? db::Dialect::sqlite : db::Dialect::postgres;
  store::moves::clear_remains(*db::make_side(database, dialect));
}

}  // namespace latchkey::app
