#include <fmt/format.h>

#include "api/encode.h"
#include "api/user_response.h"
#include "app/cli/named_user.h"
#include "app/cli/table.h"
#include "app/cli/user_commands.h"
#include "flow/signin/factor_attempts.h"
#include "store/devices.h"
#include "store/factor_attempts.h"
#include "store/passkeys.h"
#include "store/recovery_codes.h"
#include "store/totp.h"

namespace latchkey::app::cli {
namespace {

namespace users = store::users;
using store::devices::Device;
using users::User;

/// What a read of the store gives.
struct Shown {
  User user;
  users::Failures failures;  ///< of unknown devices
  std::vector<Device> devices;
  std::optional<store::totp::Totp> totp;
  store::factor_attempts::FactorFailures wrong_codes;
  std::int64_t passkeys = 0;
  std::int64_t recovery_codes = 0;
};

/// For programs: what the API does not tell. Times that are no more in force are null.
struct KnownDevice {
  Timestamp first_seen_at;
  Timestamp last_seen_at;
  std::int64_t failed_sign_ins = 0;
  std::optional<Timestamp> locked_until;
  std::optional<Timestamp> closed_at;
};
constexpr auto describe(const KnownDevice*) {
  return api::object("KnownDevice", api::member("first_seen_at", &KnownDevice::first_seen_at),
                     api::member("last_seen_at", &KnownDevice::last_seen_at),
                     api::member("failed_sign_ins", &KnownDevice::failed_sign_ins),
                     api::member("locked_until", &KnownDevice::locked_until),
                     api::member("closed_at", &KnownDevice::closed_at));
}
struct AuthenticatorApp {
  Timestamp created_at;
  Timestamp last_used_at;
  std::int64_t wrong_codes = 0;
  std::optional<Timestamp> locked_until;
  bool is_closed = false;
};
constexpr auto describe(const AuthenticatorApp*) {
  return api::object("AuthenticatorApp", api::member("created_at", &AuthenticatorApp::created_at),
                     api::member("last_used_at", &AuthenticatorApp::last_used_at),
                     api::member("wrong_codes", &AuthenticatorApp::wrong_codes),
                     api::member("locked_until", &AuthenticatorApp::locked_until),
                     api::member("is_closed", &AuthenticatorApp::is_closed));
}
struct SignInState {
  std::int64_t failed_sign_ins = 0;
  std::optional<Timestamp> locked_until;
  std::optional<Timestamp> password_closed_at;
  std::vector<KnownDevice> known_devices;
  std::optional<AuthenticatorApp> totp;
  std::int64_t passkeys = 0;
  std::int64_t recovery_codes_left = 0;
};
constexpr auto describe(const SignInState*) {
  return api::object("SignInState", api::member("failed_sign_ins", &SignInState::failed_sign_ins),
                     api::member("locked_until", &SignInState::locked_until),
                     api::member("password_closed_at", &SignInState::password_closed_at),
                     api::member("known_devices", &SignInState::known_devices),
                     api::member("totp", &SignInState::totp), api::member("passkeys", &SignInState::passkeys),
                     api::member("recovery_codes_left", &SignInState::recovery_codes_left));
}

std::optional<Timestamp> after(Timestamp time, Timestamp now) {
  return time > now ? std::optional(time) : std::nullopt;
}
/// The epoch stands for never.
std::optional<Timestamp> ever(Timestamp time) { return after(time, Timestamp{}); }

SignInState sign_in_state(const Shown& shown, Timestamp now) {
  SignInState state{.failed_sign_ins = shown.failures.failed_sign_ins,
                    .locked_until = after(shown.failures.locked_until, now),
                    .password_closed_at = ever(shown.failures.password_closed_at),
                    .known_devices = {},
                    .totp = {},
                    .passkeys = shown.passkeys,
                    .recovery_codes_left = shown.recovery_codes};
  if (shown.totp.has_value()) {
    const auto& wrong = shown.wrong_codes;
    state.totp = {.created_at = shown.totp->created_at,
                  .last_used_at = shown.totp->last_used_at,
                  .wrong_codes = wrong.failed_factors,
                  .locked_until = {},
                  .is_closed = wrong.failed_factors >= flow::signin::last_factor_attempt};
    // A closed one does not open with time.
    if (!state.totp->is_closed) state.totp->locked_until = after(wrong.factors_locked_until, now);
  }
  for (const Device& device : shown.devices) {
    state.known_devices.push_back({.first_seen_at = device.first_seen_at,
                                   .last_seen_at = device.last_seen_at,
                                   .failed_sign_ins = device.failed_sign_ins,
                                   .locked_until = after(device.locked_until, now),
                                   .closed_at = ever(device.closed_at)});
  }
  return state;
}

/// What wrong passwords have done to those that they are counted with.
std::string tell_failures(std::int64_t failed, std::optional<Timestamp> locked_until,
                          std::optional<Timestamp> closed_at) {
  std::string text = fmt::format("{} wrong password{} in a row", failed, failed == 1 ? "" : "s");
  if (closed_at.has_value()) {
    text += fmt::format("; refused since {}, until a new password is set or `latchkey user unlock` is run",
                        format_rfc3339(*closed_at));
  } else if (locked_until.has_value()) {
    text += "; locked until " + format_rfc3339(*locked_until);
  }
  return text;
}

std::string tell_app(const std::optional<AuthenticatorApp>& app) {
  if (!app.has_value()) return "no";
  std::string text =
      fmt::format("since {}, last used {}; {} wrong code{} in a row", format_rfc3339(app->created_at),
                  format_rfc3339(app->last_used_at), app->wrong_codes, app->wrong_codes == 1 ? "" : "s");
  if (app->is_closed) {
    text += "; refused until another factor is used or `latchkey user unlock` is run";
  } else if (app->locked_until.has_value()) {
    text += "; locked until " + format_rfc3339(*app->locked_until);
  }
  return text;
}

std::string line(std::string_view label, std::string_view value) {
  return fmt::format("{:<17}{}\n", label, printable(value));
}

void show(Console& console, const User& user, const SignInState& state) {
  std::string text = line("id", std::to_string(user.id.value)) + line("subject", to_string(user.subject)) +
                     line("email", user.email) + line("username", user.username) +
                     line("avatar", user.avatar.value_or("-")) + line("role", to_string(user.role)) +
                     line("confirmed", yes_or_no(user.is_proved)) + line("access", access_word(user)) +
                     line("status", status_word(user)) + line("created", format_rfc3339(user.created_at)) +
                     line("updated", format_rfc3339(user.updated_at)) +
                     line("unknown devices", tell_failures(state.failed_sign_ins, state.locked_until,
                                                           state.password_closed_at)) +
                     line("known devices", std::to_string(state.known_devices.size()));
  for (const KnownDevice& device : state.known_devices) {
    text +=
        line("", fmt::format("last seen {}: {}", format_rfc3339(device.last_seen_at),
                             tell_failures(device.failed_sign_ins, device.locked_until, device.closed_at)));
  }
  text += line("authenticator", tell_app(state.totp)) + line("passkeys", std::to_string(state.passkeys)) +
          line("recovery codes", fmt::format("{} left", state.recovery_codes_left));
  console.out(text);
}

std::string to_json(const User& user, const SignInState& state) {
  std::string json = "{";
  api::append_members(json, api::user_response(user));
  json += ',';
  api::append_members(json, state);
  return json + "}\n";
}

}  // namespace

int execute(const UserShow& command, Context& context) {
  auto work = [&](db::Tx& tx) -> std::optional<Shown> {
    auto user = find_named(tx, context, command.user);
    if (!user.has_value()) return std::nullopt;
    const UserId id = user->id;
    return Shown{.user = std::move(*user),
                 .failures = tx.run(users::find_failures, id).value(),
                 .devices = tx.run(store::devices::list_devices_of, id),
                 .totp = tx.run(store::totp::find_totp, id),
                 .wrong_codes = tx.run(store::factor_attempts::find_failures, id).value(),
                 .passkeys = tx.run(store::passkeys::count_passkeys, id).value_or(0),
                 .recovery_codes = tx.run(store::recovery_codes::count_codes, id).value_or(0)};
  };
  const std::optional<Shown> shown = context.services.database.read_now(work);
  if (!shown.has_value()) return refuse(context.console, ErrorCode::user_not_found);
  const SignInState state = sign_in_state(*shown, context.origin.now);
  if (command.format == Format::json) {
    context.console.out(to_json(shown->user, state));
  } else {
    show(context.console, shown->user, state);
  }
  return exit_done;
}

}  // namespace latchkey::app::cli
