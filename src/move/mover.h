#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "db/side.h"
#include "db/table.h"
#include "move/copy.h"

namespace latchkey::move {

struct MoveRequest {
  db::Side& source;
  std::string source_name;  ///< as the target is told, and the operator; without a password
  /// Also a second time, when the first has been lost.
  std::function<std::unique_ptr<db::Side>(db::WhileWaiting)> open_target;
  std::string target_name;
  db::Tables content;  ///< every table of a deployment, parents before their children
  const Clock& clock;
};

struct MoveOutcome {
  std::vector<MovedTable> tables;  ///< empty: an earlier move had done it all, but for its last marks
  Microseconds held{};             ///< how long writes were refused before the source was left
};

/// Moves everything that a deployment consists of from one store to another. Both are open, at the schema of
/// this program, and nobody else moves anything out of the one or into the other.
///
/// 1. The target must be empty, or be what an earlier move has not finished, which is emptied. It is marked
///    `filling`: nobody serves it.
/// 2. Everything is copied, then compared. The source is written to meanwhile, and what changes is copied
///    again.
/// 3. The source refuses writes. The last changes are copied and compared, and the rows counted.
/// 4. The source is marked `leaving`, the target `arrived`, the source `left`, each durably before the next,
///    so there is no moment at which both may be served. Between the first and the second neither is; who
///    died there repeats the move, which then only sets the marks.
///
/// Whatever goes wrong before 4 leaves the source as it was. A target that says nothing is waited for, but
/// not for longer than a minute while writes are refused. Throws MoveRefused, what the observer throws, and
/// what the stores throw.
MoveOutcome move_content(const MoveRequest& request, MoveObserver& observer);

/// Why a store that is, or was, part of a move must not be used, and what to do; nothing for all others.
std::optional<std::string> explain_barred(db::Database& database);

}  // namespace latchkey::move
