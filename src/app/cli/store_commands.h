#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/context.h"
#include "base/secret.h"
#include "settings/load.h"

namespace latchkey::app::cli {

/// A file of the command line is meant from the directory where the command was given.
void make_absolute(Command& command, const std::filesystem::path& directory);

/// Backup and restore are for the embedded store. Throws StartRefused that names what to use with PostgreSQL.
void refuse_on_shared_store(const Command& command, const Settings& settings);

/// Writes the copy to a file that must not exist. Throws what db::backup throws.
int write_backup(const Backup& command, db::Database& database, Console& console, std::stop_token stop = {});

/// A command with a store that is open, in the server or here: everything but `serve`, `config`, `openapi`
/// and `restore`.
int execute(const Command& command, Context& context, const settings::Loaded& loaded);

/// The same after opening the store in this process, `restore` included. Throws StoreInUse when another
/// process has it, before the command has done anything; StartRefused when it can not be opened.
int execute_here(const Command& command, const settings::Loaded& loaded, Secret input, Console& console);

/// Calls `run` and says what it throws. Answers the exit code. Lets ConsoleGone and StoreInUse pass.
int guarded(Console& console, const std::function<int()>& run);

}  // namespace latchkey::app::cli
