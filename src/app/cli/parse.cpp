#include "app/cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "app/cli/argument_values.h"
#include "app/cli/arguments.h"
#include "app/cli/description.h"
#include "app/cli/help_texts.h"
#include "settings/knobs.h"
#include "settings/render.h"
#include "settings/sentence.h"

namespace latchkey::app::cli {
namespace {

/// The group of the settings, which only `serve --help` shows, with what they mean.
constexpr const char* settings_group = "Settings";

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    if (group == settings_group) return "";
    return CLI::Formatter::make_group(std::move(group), is_positional, std::move(options));
  }
};

/// The texts as they stand in the arguments. Only one command is parsed, so that all can share one place.
struct Raw {
  std::string email, username, id, role, user, kid, factor, mail_id, file, from, to, config_file;
  bool json = false, confirmed = false, password = false, password_hash = false, all = false, full = false,
       reference = false, print = false, now = false, last = false, plain = false;
  std::vector<std::string> settings = std::vector<std::string>(settings::knobs().size());

  Format format() const { return json ? Format::json : Format::text; }
};

UserAdd read_user_add(const Raw& raw) {
  if (raw.password == raw.password_hash)
    throw Misuse{"give either --password-stdin or --password-hash-stdin"};
  return {.email = raw.email,
          .username = raw.username,
          .id = read_new_id(raw.id),
          .role = raw.role.empty() ? Role::user : read_role(raw.role),
          .confirmed = raw.confirmed,
          .input = raw.password ? UserAdd::Input::password : UserAdd::Input::password_hash};
}

UserRemoveFactor read_remove_factor(const Raw& raw) {
  using Factor = UserRemoveFactor::Factor;
  if (raw.factor != "totp" && raw.factor != "passkeys")
    throw Misuse{"a factor is totp or passkeys, not " + settings::quote(raw.factor)};
  return {.user = read_user(raw.user), .factor = raw.factor == "totp" ? Factor::totp : Factor::passkeys};
}

MailRetry read_mail_retry(const Raw& raw) {
  if (raw.mail_id.empty()) return {};
  if (raw.all) throw Misuse{"give either ID or --all"};
  const auto id = parse_id<LinkId>(raw.mail_id);
  if (!id.has_value()) throw Misuse{"ID must be one that `latchkey mail list` shows: 32 hexadecimal digits"};
  return {.id = id};
}

class Parser {
 public:
  Parser() {
    app_.set_version_flag("--version", std::string("latchkey ") + LATCHKEY_VERSION, "Print the version");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.footer(program_footer);
    add_settings();
    auto* serve = leaf(app_, "serve", "Run the server until SIGTERM", [] { return Serve{}; });
    serve->footer(
        [] { return "\n      --config FILE\n      A TOML file of settings.\n\n" + settings::render_help(); });
    add_user_commands();
    add_key_commands();
    add_mail_commands();
    add_password_commands();
    add_store_commands();
  }

  std::variant<Invocation, Ending> run(const std::vector<std::string>& arguments) {
    // CLI11 takes them from the back.
    std::vector<std::string> backwards = prepare_arguments(arguments);
    std::ranges::reverse(backwards);
    try {
      app_.parse(backwards);
      return Invocation{.command = make_(), .config_file = config_file(), .flags = flags()};
    } catch (const CLI::CallForHelp&) {
      return Ending{.exit_code = exit_done, .out = app_.help(), .err = {}};
    } catch (const CLI::CallForVersion& version) {
      return Ending{.exit_code = exit_done, .out = std::string(version.what()) + '\n', .err = {}};
    } catch (const CLI::ParseError& error) {
      return misuse(explain(error));
    } catch (const Misuse& error) {
      return misuse(error.sentence);
    }
  }

 private:
  CLI::App* leaf(CLI::App& parent, const std::string& name, const std::string& purpose,
                 std::function<Command()> make) {
    auto* command = parent.add_subcommand(name, purpose);
    command->footer(settings_footer);
    command->callback([this, make = std::move(make)] { make_ = make; });
    return command;
  }
  CLI::App& group(const std::string& name, const std::string& purpose) {
    auto* command = app_.add_subcommand(name, purpose);
    command->require_subcommand(1);
    command->footer(settings_footer);
    return *command;
  }
  void add_json(CLI::App* command) { command->add_flag("--json", raw_.json, "Print JSON, for programs"); }
  void add_user(CLI::App* command) {
    text(command, "USER", raw_.user, "Id or e-mail address")->required()->type_name("");
  }

  /// Each setting is an option of the program that every command takes; `serve --help` explains them.
  void add_settings() {
    text(&app_, "--config", raw_.config_file, "A TOML file of settings; see `latchkey serve --help`")
        ->type_name("FILE");
    std::size_t index = 0;
    for (const settings::Knob& knob : settings::knobs()) {
      text(&app_, "--" + std::string(knob.name), raw_.settings[index++])
          ->group(settings_group)
          ->type_name("VALUE");
    }
  }

  void add_user_commands() {
    auto& user = group(
        "user", "Accounts: add, invite, list, show, block, unblock, unlock, set-role, delete, remove-factor");
    auto* add = leaf(user, "add", "Create an account; without --confirmed, send it a confirmation mail",
                     [this] { return read_user_add(raw_); });
    text(add, "--email", raw_.email, "E-mail address")->required()->type_name("E");
    text(add, "--username", raw_.username, "3 to 50 characters")->required()->type_name("U");
    text(add, "--id", raw_.id, "The id that the account had in another service")->type_name("ID");
    text(add, "--role", raw_.role, "user (the default), moderator or admin")->type_name("R");
    add->add_flag("--confirmed", raw_.confirmed, "The address needs no confirmation");
    add->add_flag("--password-stdin", raw_.password, "Read the password from standard input");
    add->add_flag("--password-hash-stdin", raw_.password_hash,
                  "Read a bcrypt or Argon2id hash from standard input, brought from another service");
    auto* invite = leaf(user, "invite", "Mail a link that lets one address sign up, once", [this] {
      return UserInvite{raw_.email, raw_.print};
    });
    text(invite, "ADDRESS", raw_.email, "E-mail address")->required()->type_name("");
    invite->add_flag("--print", raw_.print, "Print the link and mail nothing");
    add_json(leaf(user, "list", "List all accounts", [this] { return UserList{raw_.format()}; }));
    auto* show = leaf(user, "show", "Show one account, its wrong passwords and its devices", [this] {
      return UserShow{read_user(raw_.user), raw_.format()};
    });
    add_user(show);
    add_json(show);
    const auto named = [this] { return read_user(raw_.user); };
    add_user(leaf(user, "block", "Refuse sign-in, end all sessions", [named] { return UserBlock{named()}; }));
    add_user(leaf(user, "unblock", "Take back a block; a lock by wrong passwords stays",
                  [named] { return UserUnblock{named()}; }));
    add_user(leaf(user, "unlock", "Forget wrong passwords: locks that they caused are gone",
                  [named] { return UserUnlock{named()}; }));
    auto* role = leaf(user, "set-role", "Change the role and end all sessions", [this] {
      return UserSetRole{read_user(raw_.user), read_role(raw_.role)};
    });
    add_user(role);
    text(role, "ROLE", raw_.role, "user, moderator or admin")->required()->type_name("");
    add_user(leaf(user, "delete", "Remove an account for good", [named] { return UserDelete{named()}; }));
    auto* factor =
        leaf(user, "remove-factor", "Remove a second factor that its owner has lost, and tell them",
             [this] { return read_remove_factor(raw_); });
    factor
        ->add_flag("--now", raw_.now,
                   "Remove it at once. Make sure first that the person who asks you is the owner")
        ->required();
    add_user(factor);
    text(factor, "KIND", raw_.factor, "totp (the authenticator app) or passkeys (all)")
        ->required()
        ->type_name("");
  }

  void add_key_commands() {
    auto& keys = group("keys", "The keys that sign access tokens: list, rotate, revoke, rekey");
    add_json(leaf(keys, "list", "List all keys and what each is used for now",
                  [this] { return KeysList{raw_.format()}; }));
    leaf(keys, "rotate", "Create a key that takes over ten minutes from now", [] { return KeysRotate{}; });
    auto* revoke = leaf(keys, "revoke", "Revoke a key at once, with every token that it signed",
                        [this] { return KeysRevoke{raw_.kid}; });
    text(revoke, "KID", raw_.kid, "A key that `latchkey keys list` shows")->required()->type_name("");
    leaf(keys, "rekey", "Encrypt again, under master_secret, what master_secret_previous encrypted",
         [] { return KeysRekey{}; });
  }

  void add_mail_commands() {
    auto& mail =
        group("mail", "Mail that is waiting to be sent: list, retry; mail that was written to files: show");
    add_json(leaf(mail, "list", "List mail that is waiting, and mail that was put aside after its last try",
                  [this] { return MailList{raw_.format()}; }));
    auto* retry = leaf(mail, "retry", "Send now, with a fresh count of tries",
                       [this] { return read_mail_retry(raw_); });
    text(retry, "ID", raw_.mail_id,
         "A mail that `latchkey mail list` shows; without it, all that were put aside")
        ->type_name("");
    retry->add_flag("--all", raw_.all, "All that were put aside");
    auto* show = leaf(mail, "show", "Print a mail that was written to a file, since mail.smtp_url is not set",
                      [this] { return MailShow{raw_.to}; });
    show->add_flag("--last", raw_.last, "The newest one; waits for mails that are due")->required();
    text(show, "--to", raw_.to, "Of those to this address")->type_name("ADDRESS");
  }

  void add_password_commands() {
    auto& passwords = group("passwords", "Passwords that other services have leaked: index");
    auto* index =
        leaf(passwords, "index", "Make the index that password.breached_file names, from a list", [this] {
          return PasswordsIndex{.list = read_list(raw_.file), .to = given(raw_.to), .plain = raw_.plain};
        });
    index
        ->add_option("LIST", raw_.file,
                     "The SHA-1 list of Have I Been Pwned, sorted by hash; /dev/stdin for what another "
                     "program unpacks")
        ->required()
        ->type_name("");
    text(index, "--to", raw_.to, "Where the index is to be; without this, at password.breached_file")
        ->type_name("FILE");
    index->add_flag("--plain", raw_.plain,
                    "The list has passwords, one a line and in any order, and no hashes");
  }

  void add_store_commands() {
    leaf(app_, "migrate", "Create the store, or migrate it to this program's schema",
         [] { return Migrate{}; });
    leaf(app_, "config", "Print the settings in force, as TOML", [this] {
      return Config{raw_.reference};
    })->add_flag("--reference", raw_.reference, "Print the reference of all settings instead, as Markdown");
    leaf(app_, "openapi", "Print the description of the API (OpenAPI 3.1)", [] { return OpenApi{}; });
    leaf(app_, "backup", "Copy the whole store to a new file; while the server runs, the server writes it",
         [this] { return Backup{read_file(raw_.file)}; })
        ->add_option("FILE", raw_.file,
                     "A file that does not exist yet; only its owner will be able to read it")
        ->required()
        ->type_name("");
    leaf(app_, "restore", "Replace the store by a backup: every earlier session, link and token becomes void",
         [this] { return Restore{read_file(raw_.file)}; })
        ->add_option("FILE", raw_.file, "What `latchkey backup` wrote; a running server restarts with it")
        ->required()
        ->type_name("");
    leaf(app_, "compact",
         "Rewrite the stopped store without its free space; needs as much free disk as the store takes",
         [] { return Compact{}; });
    add_move();
    leaf(app_, "doctor", "Look for problems and say what to do", [this] {
      return Doctor{raw_.full};
    })->add_flag("--full", raw_.full, "Read every page of the store, however large it is");
  }

  void add_move() {
    auto* move =
        leaf(app_, "move", "Move everything to another database: SQLite to PostgreSQL, or back", [this] {
          return Move{given(raw_.from), given(raw_.to)};
        });
    text(move, "--from", raw_.from, "The source; without this, the store that the settings name")
        ->type_name("URL");
    text(move, "--to", raw_.to, "The target: an empty database, or a directory for one")->type_name("URL");
    move->footer(std::string(move_footer) + settings_footer);
  }
  static std::optional<std::string> given(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  }

  std::optional<std::filesystem::path> config_file() const {
    if (app_.count("--config") == 0) return std::nullopt;
    return raw_.config_file;
  }
  std::vector<std::pair<std::string, std::string>> flags() const {
    std::vector<std::pair<std::string, std::string>> given;
    std::size_t index = 0;
    for (const settings::Knob& knob : settings::knobs()) {
      const std::string name(knob.name);
      if (app_.count("--" + name) != 0) given.emplace_back(name, raw_.settings[index]);
      ++index;
    }
    return given;
  }

  /// An option or argument that takes one text.
  static CLI::Option* text(CLI::App* command, const std::string& name, std::string& into,
                           const std::string& purpose = {}) {
    const auto take = [&into](const std::string& value) { into = without_mark(value); };
    return command->add_option_function<std::string>(name, take, purpose);
  }

  std::string selected_name() const {
    std::string name = "latchkey";
    for (const CLI::App* at = &app_; !at->get_subcommands().empty();) {
      at = at->get_subcommands().back();
      name += " " + at->get_name();
    }
    return name;
  }

  std::string explain(const CLI::ParseError& error) const {
    const auto selected = app_.get_subcommands();
    const CLI::App& last = selected.empty() ? app_ : *selected.back();
    const bool wants_command = last.get_subcommands().empty() && last.get_require_subcommand_min() > 0;
    const auto unknown = app_.remaining(true);
    if (unknown.empty()) return wants_command ? "a command is missing" : error.what();
    // What follows an unknown option may be a password: only the first is shown, without a value.
    const std::string argument = without_mark(unknown.front());
    const std::string first = argument.substr(0, argument.find('='));
    if (first.starts_with("--")) return "unknown option " + settings::quote(first) + suggest(first.substr(2));
    return (wants_command ? "unknown command " : "unexpected argument ") + settings::quote(first);
  }

  static std::string suggest(std::string_view unknown) {
    const std::string_view near = settings::suggest_knob(unknown);
    const bool has_flag = !near.empty() && !settings::find_knob(near)->secret;
    return has_flag ? "; did you mean --" + std::string(near) + "?" : "";
  }

  Ending misuse(const std::string& sentence) const {
    return {.exit_code = exit_misused,
            .out = {},
            .err = "latchkey: " + sentence + "; see `" + selected_name() + " --help`\n"};
  }

  Raw raw_;
  CLI::App app_{describe_program(), "latchkey"};
  std::function<Command()> make_;
};

}  // namespace

std::variant<Invocation, Ending> parse(const std::vector<std::string>& arguments) {
  return Parser().run(arguments);
}

}  // namespace latchkey::app::cli
