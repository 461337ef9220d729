#include "features/mail_code/ask.h"

#include "features/mail_code/events.h"
#include "features/mail_code/mails.h"
#include "flow/links/ask.h"
#include "flow/signin/prove_mail_code.h"

namespace latchkey::features::mail_code {

Result<> require_mail_sign_in(const Settings& settings) {
  if (settings.accounts.mail_sign_in) return {};
  return Error(ErrorCode::forbidden, "This service mails no codes for signing in");
}

Task<Result<std::string>> ask_for_code(flow::Services& services, flow::Origin origin, std::string email,
                                       std::string language) {
  if (auto allowed = require_mail_sign_in(services.settings); allowed.has_error()) co_return allowed.error();
  const flow::links::Request request{
      .kind = flow::signin::sign_in_code, .message = code_message, .asked = events::code_asked};
  co_return co_await flow::links::ask_for_mail(services, std::move(origin), request, std::move(email),
                                               std::move(language));
}

}  // namespace latchkey::features::mail_code
