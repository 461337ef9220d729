#include <fmt/format.h>

#include "app/cli/table.h"
#include "app/cli/user_commands.h"
#include "app/public_url.h"
#include "base/email_address.h"
#include "base/field_errors.h"
#include "features/signup/invitation.h"

namespace latchkey::app::cli {
namespace {

namespace signup = features::signup;

/// Where nobody has bound the listener, its setting says what it will be.
std::string public_url_of(const Context& context) {
  const auto& services = context.services;
  if (!services.public_url.empty()) return services.public_url;
  return public_url(services.settings, services.settings.listen);
}

int print(const EmailAddress& email, Context& context) {
  auto work = [&](db::Tx& tx) {
    return signup::make_invitation(tx, context.services, context.origin, public_url_of(context), email);
  };
  const auto made = context.services.database.write_now(work);
  if (made.has_error()) return refuse(context.console, made.error());
  context.console.out(made->url + '\n');
  return exit_done;
}

int send(const EmailAddress& email, Context& context) {
  auto work = [&](db::Tx& tx) {
    return signup::mail_invitation(tx, context.services, context.origin, email);
  };
  const auto until = context.services.database.write_now(work);
  if (until.has_error()) return refuse(context.console, until.error());
  context.console.out(fmt::format("an invitation to {} is waiting to be sent; it works until {}\n",
                                  printable(email.address), format_rfc3339(*until)));
  return exit_done;
}

}  // namespace

int execute(const UserInvite& command, Context& context) {
  const auto& accounts = context.services.settings.accounts;
  const auto email = parse_email_address(command.email, accounts.domains_without_dot);
  if (email.has_error()) {
    return refuse(context.console,
                  invalid_field("input", "email", "value_error.email", std::string(email.error().reason)));
  }
  if (accounts.sign_up == settings::SignUp::off) {
    context.console.complain("accounts.sign_up is off: nobody can use the invitation until it is changed");
  } else if (accounts.sign_up == settings::SignUp::open) {
    context.console.complain("accounts.sign_up is open: everybody can sign up without an invitation, too");
  }
  return command.print ? print(*email, context) : send(*email, context);
}

}  // namespace latchkey::app::cli
