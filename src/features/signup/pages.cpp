#include "features/signup/pages.h"

#include "api/access.h"
#include "api/decode.h"
#include "features/signup/invitation.h"
#include "features/signup/sign_up.h"
#include "http/language.h"
#include "web/pages.h"

namespace latchkey::features::signup {
namespace {

/// Whether the link works, as far as that shows before it is used.
Result<> check_link(const api::Api& api, const http::Request& request) {
  if (api.services.settings.accounts.sign_up == settings::SignUp::off)
    return Error(ErrorCode::sign_up_closed);
  const auto keys = api.services.keys.current();
  const auto invitation = read_invitation(keys->ring(), request.parameter("token"), request.now);
  if (!invitation.has_value()) return Error(ErrorCode::invalid_link);
  return {};
}

}  // namespace

Task<Result<http::Response>> get_invited(const api::Api& api, http::Request& request) {
  const auto works = check_link(api, request);
  if (works.has_error()) co_return works.error();
  co_return api.pages.render(request, web::Form(invited_page));
}

Task<Result<http::Response>> post_invited(const api::Api& api, http::Request& request) {
  const auto works = check_link(api, request);
  if (works.has_error()) co_return works.error();
  web::Form form(invited_page);
  const auto fields = http::parse_form(request);
  if (fields.has_value()) form.keep_sent(*fields);
  auto sent = api::decode<InvitedForm>(request);
  if (sent.has_error()) {
    if (sent.error().code != ErrorCode::validation_failed) co_return sent.error();
    co_return api.pages.render(request, form.refuse(sent.error()));
  }
  SignupInput input{.email = std::move(sent->email),
                    .username = std::move(sent->username),
                    .password = std::move(sent->password),
                    .language = http::preferred_language(request),
                    .invitation = std::string(request.parameter("token"))};
  flow::Origin origin = api::origin_of(request);
  const auto done = co_await sign_up(api.services, std::move(origin), std::move(input));
  if (done.has_error()) co_return api.pages.render(request, form.refuse(done.error()));
  const bool confirms = !done->user.confirmed;
  co_return api.pages.render(request, signed_up_page, {{"confirmation", confirms ? "yes" : ""}});
}

}  // namespace latchkey::features::signup
