#pragma once

/// What stands below the options in the help of commands.
namespace latchkey::app::cli {

inline constexpr const char* settings_footer =
    "\n`--config FILE` and every flag of `latchkey serve --help` work here, too: they say which store is "
    "meant.";

inline constexpr const char* move_footer =
    "\nURL is sqlite:DIRECTORY (a data directory) or postgresql://USER@HOST:PORT/DATABASE, as libpq has it. "
    "Every user of this\nmachine can read arguments, so put a password into PGPASSWORD or a password file "
    "(PGPASSFILE), or the whole URL into\nLATCHKEY_MOVE_FROM or LATCHKEY_MOVE_TO, which stand in for the "
    "options.\n\nThe server may run: it carries the move out (out of PostgreSQL, its nodes go on), answers "
    "everything until the last, short\nstep, refuses writes (503) for that step, and stops. All users stay "
    "signed in, because the target is served with the same\nmaster secret. Repeat a move that was "
    "interrupted: it empties what it had written and begins again. Afterwards the source\nis no longer "
    "served.\n";

inline constexpr const char* program_footer =
    "\nCommands on accounts, keys, mail and the store work while the server runs: the server carries them "
    "out.\nExit code: 0 done, 1 refused or failed, 2 wrong usage.\n\n  latchkey user add --email "
    "you@example.org --username you --role admin --confirmed --password-stdin\n  latchkey serve --listen "
    "127.0.0.1:8080\n  latchkey COMMAND --help";

}  // namespace latchkey::app::cli
