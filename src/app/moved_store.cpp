#include "app/moved_store.h"

#include "app/features.h"
#include "app/refusal.h"
#include "move/marks.h"
#include "move/mover.h"

namespace latchkey::app {

void settle_earlier_move(db::Database& database, const Settings& settings) {
  if (auto why = move::explain_barred(database)) throw StartRefused(std::move(*why));
  const auto dialect = settings.is_embedded() ? db::Dialect::sqlite : db::Dialect::postgres;
  move::marks::clear_remains(*db::make_side(database, dialect), tables());
}

}  // namespace latchkey::app
