#include "app/cli/move.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <system_error>

#include "app/cli/control_client.h"
#include "app/cli/move_progress.h"
#include "app/cli/move_url.h"
#include "app/data_directory.h"
#include "app/features.h"
#include "app/refusal.h"
#include "app/schema.h"
#include "app/until_free.h"
#include "base/log.h"
#include "db/error.h"
#include "db/postgres/driver.h"
#include "db/sqlite/driver.h"
#include "flow/keys/keys.h"
#include "move/mover.h"
#include "settings/master_secret.h"

namespace latchkey::app::cli {
namespace {

namespace fs = std::filesystem;

/// As long as any other command waits for a server that comes or goes.
constexpr std::chrono::seconds patience{15};

/// One move at a time out of the store of this process; other processes are kept off by the lock of its
/// directory.
std::mutex moving;

/// What `run_move` has found out.
struct Ends {
  StoreUrl from;
  StoreUrl to;
  MoveProgress::Style style = MoveProgress::Style::lines;
};

/// As the input of the forwarded command: unlike arguments, nobody sees it.
Secret to_input(const Ends& ends) {
  std::string text = fmt::format("{}\n{}\n{}", to_text(ends.from).text(), to_text(ends.to).text(),
                                 ends.style == MoveProgress::Style::bar ? "bar" : "lines");
  Secret input(text);
  wipe(text);
  return input;
}

Ends from_input(std::string_view text) {
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\n', first + 1);
  if (second == std::string_view::npos) throw std::runtime_error("the peer does not speak this protocol");
  return {.from = parse_store_url(text.substr(0, first)),
          .to = parse_store_url(text.substr(first + 1, second - first - 1)),
          .style = text.substr(second + 1) == "bar" ? MoveProgress::Style::bar : MoveProgress::Style::lines};
}

/// A store that this process opens, brought to the schema of this program.
class OpenStore {
 public:
  OpenStore(const StoreUrl& url, Timestamp now) : url_(url), database_(open(url)) {
    migrate_schema(*database_, now);
    if (url.dialect == db::Dialect::sqlite) note_store_made(url.directory);
  }

  std::unique_ptr<db::Side> make_side(db::WhileWaiting while_waiting = {}) {
    if (url_.dialect == db::Dialect::postgres)
      return db::open_postgres_side(url_.url, std::move(while_waiting));
    return db::make_side(*database_, db::Dialect::sqlite);
  }
  db::Database& database() { return *database_; }

 private:
  static std::unique_ptr<db::Database> open(const StoreUrl& url) {
    if (url.dialect == db::Dialect::sqlite) {
      try {
        return std::make_unique<db::Database>(db::sqlite::open_sqlite({.directory = url.directory}));
      } catch (const db::InUse& error) {
        throw StoreInUse(error.what());
      }
    }
    db::postgres::PostgresOptions options;
    options.url = url.url.copy();
    options.role = db::postgres::PostgresRole::visitor;
    options.transaction_connections = 1;
    return std::make_unique<db::Database>(db::postgres::open_postgres(std::move(options)));
  }

  const StoreUrl& url_;
  std::unique_ptr<db::Database> database_;
};

void prepare_directory(const StoreUrl& url) {
  if (url.dialect != db::Dialect::sqlite) return;
  refuse_foreign_owner(url.directory);
  make_data_directory(url.directory);
  refuse_lost_store(url.directory);
}

std::string describe_next_step(const Ends& ends) {
  if (ends.to.dialect == db::Dialect::postgres) {
    return fmt::format(
        "next: start every node with database_url set to it, and with the same master secret as before "
        "(master_secret or\nmaster_secret_file; it was {} unless the settings say otherwise). {} is no "
        "longer served.\n",
        (ends.from.directory / "master_secret").string(), ends.from.name);
  }
  return fmt::format(
      "next: start the server with data_dir = {}, without database_url, and with the master secret of the "
      "nodes\n(master_secret or master_secret_file). {} is no longer served: its nodes are stopping.\n",
      ends.to.directory.string(), ends.from.name);
}

int report(const Ends& ends, const move::MoveOutcome& outcome, Console& console) {
  std::string text;
  for (const auto& table : outcome.tables) {
    text +=
        fmt::format("{:<14}{:>12} rows  sha256 {}\n", table.name, table.rows, table.checksum.substr(0, 16));
  }
  const auto held = std::chrono::duration<double>(outcome.held).count();
  if (outcome.tables.empty()) {
    text += fmt::format("{} has been moved to {}; there was nothing left to copy\n", ends.from.name,
                        ends.to.name);
  } else {
    text +=
        fmt::format("moved {} to {}; writes were refused for {:.2f} s\n", ends.from.name, ends.to.name, held);
  }
  console.out(text + describe_next_step(ends));
  return exit_done;
}

int carry_out(const Ends& ends, db::Side& source, const Clock& clock, std::stop_token stop,
              Console& console) {
  prepare_directory(ends.to);
  std::optional<OpenStore> target;
  try {
    target.emplace(ends.to, clock.now());
  } catch (const StoreInUse& error) {
    throw std::runtime_error(error.what());  // a target that somebody uses is not waited for
  }
  MoveProgress progress(console, ends.style, std::move(stop));
  move::MoveOutcome outcome;
  try {
    outcome = move::move_content(
        {.source = source,
         .source_name = ends.from.name,
         .open_target =
             [&](db::WhileWaiting while_waiting) { return target->make_side(std::move(while_waiting)); },
         .target_name = ends.to.name,
         .content = tables(),
         .clock = clock},
        progress);
  } catch (const ConsoleGone&) {
    throw;
  } catch (...) {
    progress.end();
    throw;
  }
  progress.end();
  return report(ends, outcome, console);
}

/// The server of the target opens the keys with the same secret: one that does not open them here is the
/// wrong one.
void check_secret(db::Database& source, const Settings& settings) {
  auto master = settings::load_master_secret(settings);
  if (master.has_error()) throw StartRefused(master.error().sentences);
  std::vector<Secret> previous;
  if (master->previous.has_value()) previous.push_back(std::move(*master->previous));
  try {
    flow::keys::Keys(source, std::move(master->current), std::move(previous)).reload();
  } catch (const Unavailable&) {
    throw;
  } catch (const std::exception& error) {
    throw StartRefused({fmt::format(
        "everybody would be signed out, because the server of the target could not open the keys: {}",
        error.what())});
  }
}

int move_here(const Ends& ends, const Settings& settings, Console& console) {
  Clock clock;
  if (ends.from.dialect == db::Dialect::sqlite) {
    if (!has_store(ends.from.directory))
      throw StartRefused(fmt::format("there is no store in {}", ends.from.directory.string()));
    refuse_foreign_owner(ends.from.directory);
    refuse_lost_store(ends.from.directory);
  }
  OpenStore source(ends.from, clock.now());
  check_secret(source.database(), settings);
  const auto side = source.make_side();
  return carry_out(ends, *side, clock, {}, console);
}

std::string pick(const std::optional<std::string>& given, const char* variable, Console& console) {
  if (given.has_value()) {
    if (holds_password(*given)) {
      console.err(
          fmt::format("warning: every user of this machine can read a password in an argument; use {} or "
                      "PGPASSWORD instead\n",
                      variable));
    }
    return *given;
  }
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): the command has one thread
  return text == nullptr ? "" : text;
}

/// The settings can not be used.
struct Misconfigured {
  settings::Problems problems;
};

using Flags = std::vector<std::pair<std::string, std::string>>;

settings::Loaded load(const Invocation& invocation, const Flags& more) {
  auto flags = invocation.flags;
  for (const auto& flag : more) {
    std::erase_if(flags, [&](const auto& given) { return given.first == flag.first; });
    flags.push_back(flag);
  }
  auto loaded = settings::load({.config_file = invocation.config_file,
                                .environment = settings::process_environment(),
                                .flags = std::move(flags)});
  if (loaded.has_error()) throw Misconfigured{std::move(loaded).error()};
  return std::move(*loaded);
}

/// The settings as the server of the SQLite end has them: its directory may hold the secret.
settings::Loaded load_for(const Invocation& invocation, const Ends& ends, const Settings& as_given) {
  const bool from_sqlite = ends.from.dialect == db::Dialect::sqlite;
  const fs::path& directory = from_sqlite ? ends.from.directory : ends.to.directory;
  Flags more{{"data_dir", directory.string()}};
  if (as_given.master_secret.empty() && as_given.master_secret_file.empty()) {
    const fs::path file = directory / "master_secret";
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
      throw StartRefused(
          fmt::format("the master secret of {} is needed to check that the target can be served with it: set "
                      "master_secret or master_secret_file",
                      ends.from.name));
    }
    more.emplace_back("master_secret_file", file.string());
  }
  return load(invocation, more);
}

Ends find_ends(const Move& command, const Settings& settings, Console& console) {
  Ends ends;
  const std::string from = pick(command.from, "LATCHKEY_MOVE_FROM", console);
  const std::string to = pick(command.to, "LATCHKEY_MOVE_TO", console);
  ends.from = from.empty() ? store_of(settings) : parse_store_url(from);
  if (to.empty()) throw std::runtime_error("name the target: --to URL, or LATCHKEY_MOVE_TO");
  ends.to = parse_store_url(to);
  if (ends.from.dialect == ends.to.dialect) {
    throw std::runtime_error(ends.from.dialect == db::Dialect::sqlite
                                 ? "source and target are both SQLite: use `latchkey backup` and `latchkey "
                                   "restore` to copy such a store"
                                 : "source and target are both PostgreSQL: use pg_dump and pg_restore, or "
                                   "replication, to copy such a store");
  }
  if (::isatty(STDERR_FILENO) == 1) ends.style = MoveProgress::Style::bar;
  return ends;
}

}  // namespace

int run_move(const Move& command, const Invocation& invocation, Console& console) {
  try {
    const auto as_given = load(invocation, {});
    const Ends ends = find_ends(command, as_given.settings, console);
    const Secret input = to_input(ends);
    const Request request{.arguments = {"move"}, .directory = "/", .input = input};
    return until_free<StoreInUse>(patience, [&] {
      if (ends.from.dialect == db::Dialect::sqlite) {
        if (const auto code = ask_server(ends.from.directory, command, request, console)) return *code;
      }
      return move_here(ends, load_for(invocation, ends, as_given.settings).settings, console);
    });
  } catch (const Misconfigured& error) {
    for (const auto& sentence : error.problems.sentences) console.complain(sentence);
    return exit_misused;
  }
}

int move_running(Context& context, const settings::Loaded& loaded) {
  const Ends ends = from_input(context.input.text());
  if (!loaded.settings.is_embedded()) {
    throw std::runtime_error(
        fmt::format("the server running in {} uses PostgreSQL: stop it first", ends.from.directory.string()));
  }
  const std::unique_lock alone(moving, std::try_to_lock);
  if (!alone.owns_lock()) throw std::runtime_error("another move is running: wait until it ends");
  const Clock clock;
  const auto source = db::make_side(context.services.database, db::Dialect::sqlite);
  log::info("store.move_begins", {{"to", ends.to.name}});
  return carry_out(ends, *source, clock, context.stop, context.console);
}

}  // namespace latchkey::app::cli
