#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/side.h"
#include "db/statement.h"
#include "db/table.h"

/// What `latchkey move` leaves in the two stores: marks, which say whether a store may be served, and
/// triggers, which hold the writes of the source or write down what they change. Triggers, since they bind
/// every writer there is, whatever program and whichever node it is, and since they and the marks change
/// together.
namespace latchkey::move::marks {

/// One move; the same in both stores.
using MoveId = Id128<struct MoveTag>;

struct Mark {
  MoveId id;
  std::string stage;
  std::string partner;  ///< the other store, without its password
  Timestamp at;
};
BOOST_DESCRIBE_STRUCT(Mark, (), (id, stage, partner, at))

inline constexpr std::string_view filling = "filling";  ///< the target, unfinished
inline constexpr std::string_view arrived = "arrived";  ///< the target, complete: a store as any other
inline constexpr std::string_view leaving = "leaving";  ///< the source, while the last marks are set
inline constexpr std::string_view left = "left";        ///< the source, for ever

/// The mark for which the store is not served; at most one.
inline constexpr db::Statement<std::vector<Mark>> list_barring{
    "SELECT id, stage, partner, at FROM moves WHERE stage <> 'arrived' ORDER BY at"};
inline constexpr db::Statement<std::optional<Mark>, MoveId> find_mark{
    "SELECT id, stage, partner, at FROM moves WHERE id = $1"};
inline constexpr db::Statement<db::Affected, MoveId, std::string_view, std::string, Timestamp> insert_mark{
    "INSERT INTO moves (id, stage, partner, at) VALUES ($1, $2, $3, $4)"};
/// Moves the mark on, if it is at the stage that the caller believes.
inline constexpr db::Statement<db::Affected, std::string_view, Timestamp, MoveId, std::string_view>
    update_stage{"UPDATE moves SET stage = $1, at = $2 WHERE id = $3 AND stage = $4"};
inline constexpr db::Statement<db::Affected> delete_filling{"DELETE FROM moves WHERE stage = 'filling'"};

// Locks of PostgreSQL. They are the session's: who dies lets go.

/// Whether this session is now the one that moves something out of this database, or into it.
bool take_turn(db::Side& side);

/// From now on every change of the source's tables is written down as well. On PostgreSQL only for as long as
/// this session lives.
void begin_log(db::Side& source, db::Tables content);
/// After that: from now on every write to the source's tables is refused (`Unavailable` for the session that
/// tries), and no write that came before is under way any more. On PostgreSQL only for as long as this
/// session lives.
void hold_writes(db::Side& source, db::Tables content);
/// Ends both, as after a move that came to nothing, and with them a mark `leaving`: what it promises is no
/// longer true once somebody writes.
void release(db::Side& source, db::Tables content);
/// Inside the transaction that sets the mark `leaving`: writes are refused for ever.
void hold_for_ever(db::Connection& source, db::Dialect dialect);
/// Inside the transaction that sets the mark `left`: the log is of no use any more.
void drop_log(db::Connection& source, db::Dialect dialect, db::Tables content);

/// Removes what a move that was killed has left in a store that is about to be used.
void clear_remains(db::Side& store, db::Tables content);

/// What has changed since `begin_log`, by table (in the order of `content`): takes what has been
/// written down since it was last asked. A row that changes after that is written down anew.
class Log {
 public:
  explicit Log(db::Tables content) : content_(content), changed_(content.size()) {}
  void read_on(db::Side& source);
  std::set<db::Cell>& changed(std::size_t table) { return changed_[table]; }
  std::size_t size() const;

 private:
  db::Tables content_;
  std::vector<std::set<db::Cell>> changed_;
};

}  // namespace latchkey::move::marks
