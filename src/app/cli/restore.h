#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "base/time.h"
#include "db/database.h"
#include "settings/load.h"

/// Brings a backup back so that nothing that was given out before it, or since, is good for anything:
/// sessions, mail and signing keys are removed, and the epoch that every key is derived with moves on. All of
/// that is done to a copy beside the store, which one rename then puts in its place: whatever moment the
/// machine dies at leaves the old store or the new one.
namespace latchkey::app::cli {

/// Makes the copy in `data_dir`/restore. `current_epoch` is that of the store in place, when it can be read.
/// Warns of a file that is no backup but a plain copy of a store without its log: it is taken, and lacks what
/// stood in the log only. Throws std::runtime_error, for the operator to read, when the file is no backup of
/// ours or is damaged, or when it is asked to stop; then the copy is removed.
void prepare_restore(const std::filesystem::path& backup, const std::filesystem::path& data_dir,
                     std::optional<std::int64_t> current_epoch, Timestamp now, Console& console,
                     std::stop_token stop = {});

/// Throws StartRefused when the store in place has been moved elsewhere, or is about to be: a backup in its
/// place would be a second deployment with the same users.
void refuse_over_moved(db::Database& database);

/// Puts the prepared copy in place, once nobody has the store open any more; waits some seconds for that. The
/// store before stays as `latchkey.db.replaced`. Throws.
void finish_restore(const std::filesystem::path& data_dir);

/// Removes a copy, prepared or broken off. Answers whether there was anything of one.
bool discard_restore(const std::filesystem::path& data_dir);

/// `latchkey restore` while no server runs. Throws StoreInUse, StartRefused, and what prepare_restore throws.
int restore_here(const Restore& command, const settings::Loaded& loaded, Timestamp now, Console& console);

/// What the operator is told at the end.
std::string describe_restored(const std::filesystem::path& backup, const std::filesystem::path& data_dir);

/// An epoch that no key was ever derived with. Without the current one, a count of seconds stands in, which
/// no number of restores reaches.
std::int64_t next_epoch(std::int64_t of_backup, std::optional<std::int64_t> current, Timestamp now);

}  // namespace latchkey::app::cli
