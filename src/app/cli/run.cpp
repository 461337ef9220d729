#include "app/cli/run.h"

#include <boost/json/serialize.hpp>
#include <chrono>
#include <system_error>

#include "api/openapi.h"
#include "app/cli/control_client.h"
#include "app/cli/move.h"
#include "app/cli/parse.h"
#include "app/cli/password_commands.h"
#include "app/cli/secret_input.h"
#include "app/cli/store_commands.h"
#include "app/core.h"
#include "app/features.h"
#include "app/public_url.h"
#include "app/serve.h"
#include "app/until_free.h"
#include "settings/load.h"
#include "settings/render.h"

namespace latchkey::app::cli {
namespace {

/// A server that stops finishes what is in flight within ten seconds; another command needs less.
constexpr std::chrono::seconds store_limit{15};

int print(Console& console, std::string_view text) {
  console.out(text);
  return exit_done;
}

int misconfigured(Console& console, const settings::Problems& problems) {
  for (const auto& sentence : problems.sentences) console.complain(sentence);
  return exit_misused;
}

int print_config(Console& console, const settings::Loaded& loaded) {
  console.out(settings::render_config(loaded));
  for (const auto& warning : loaded.warnings) console.err("warning: " + warning + '\n');
  return exit_done;
}

/// As a server with these settings serves it.
int print_openapi(Console& console, const Settings& settings) {
  const auto openapi = api::make_openapi(features(), public_url(settings, settings.listen));
  return print(console, boost::json::serialize(openapi) + '\n');
}

Secret read_input(const Command& command) {
  const auto* add = std::get_if<UserAdd>(&command);
  if (add == nullptr) return {};
  return read_secret_input(add->input == UserAdd::Input::password ? "password" : "password hash");
}

/// In the server when one runs, else here. In between there are moments when the server has closed its socket
/// and not yet the store, and commands that have the store for a moment: both pass.
int run_where_the_store_is(Command command, const settings::Loaded& loaded,
                           const std::vector<std::string>& arguments, Console& console) {
  Secret input = read_input(command);
  std::error_code gone;
  const auto directory = std::filesystem::current_path(gone);
  make_absolute(command, directory);
  const Request request{.arguments = arguments, .directory = directory, .input = input};
  return until_free<StoreInUse>(store_limit, [&] {
    if (const auto code = ask_server(loaded.settings.data_dir, command, request, console)) return *code;
    return execute_here(command, loaded, input.copy(), console);
  });
}

int run_invocation(const Invocation& invocation, const std::vector<std::string>& arguments,
                   Console& console) {
  const auto* config = std::get_if<Config>(&invocation.command);
  if (config != nullptr && config->reference) return print(console, settings::render_reference_markdown());

  if (const auto* move = std::get_if<Move>(&invocation.command)) return run_move(*move, invocation, console);

  const auto loaded = settings::load({.config_file = invocation.config_file,
                                      .environment = settings::process_environment(),
                                      .flags = invocation.flags});
  if (loaded.has_error()) return misconfigured(console, loaded.error());
  if (config != nullptr) return print_config(console, *loaded);
  if (std::holds_alternative<OpenApi>(invocation.command)) return print_openapi(console, loaded->settings);
  if (std::holds_alternative<Serve>(invocation.command)) return serve(*loaded);
  if (const auto* index = std::get_if<PasswordsIndex>(&invocation.command))
    return index_passwords(*index, loaded->settings, console);
  return run_where_the_store_is(invocation.command, *loaded, arguments, console);
}

}  // namespace

int run(const std::vector<std::string>& arguments) {
  ProcessConsole console;
  try {
    const auto parsed = parse(arguments);
    if (const auto* ending = std::get_if<Ending>(&parsed)) {
      console.out(ending->out);
      console.err(ending->err);
      return ending->exit_code;
    }
    const auto run_it = [&] { return run_invocation(std::get<Invocation>(parsed), arguments, console); };
    try {
      return guarded(console, run_it);
    } catch (const StoreInUse& refusal) {
      console.complain(refusal.what());
    }
  } catch (const ConsoleGone&) {
    // `latchkey user list | head`: nobody is left to tell.
  }
  return exit_refused;
}

}  // namespace latchkey::app::cli
