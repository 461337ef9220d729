#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace latchkey::db::sqlite {

/// A file that somebody brings is made into one whose schema is exactly that of one of our versions, or
/// refused: a trigger, a view or a column of somebody else's would decide what a store does that has it.
///
/// `scripts` are the migrations, the table in which they are written down first: the schema after each of
/// them is one of ours. What a move leaves (triggers whose names begin with `move_log_` or `move_hold_`, the
/// table `move_changes`) and SQLite's statistics of ANALYZE are dropped before, whatever they hold.
///
/// The caller alone has `file`, which is changed. Throws `Corrupt` for what no version of ours makes, naming
/// it; `Unavailable` when the disk fails.
void refuse_foreign_schema(const std::filesystem::path& file, std::span<const std::string> scripts);

}  // namespace latchkey::db::sqlite
