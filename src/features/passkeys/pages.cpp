#include "features/passkeys/pages.h"

#include <algorithm>

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/page_rows.h"
#include "api/passkey_assertion.h"
#include "api/show.h"
#include "base/bytes.h"
#include "features/passkeys/own_passkeys.h"
#include "features/passkeys/sign_in.h"
#include "flow/signin/relying_party.h"
#include "http/respond.h"

namespace latchkey::features::passkeys {
namespace {

constexpr web::Field name_fields[] = {
    {.name = "name", .id = "passkey-name", .label = "@field.passkey_name", .hint = "@hint.passkey_name"},
};
constexpr web::PageFile new_page{.file = "passkeys/new.html",
                                 .title = "@passkey.new_title",
                                 .variables = {"options"},
                                 .fields = name_fields,
                                 .layout = "account.html",
                                 .script = "latchkey.js",
                                 .section = "security"};
constexpr web::PageFile added_page{.file = "passkeys/added.html",
                                   .title = "@passkey.added_title",
                                   .variables = {"codes.code"},
                                   .layout = "account.html",
                                   .script = "latchkey.js",
                                   .section = "security"};
constexpr web::PageFile rename_page{.file = "passkeys/rename.html",
                                    .title = "@passkey.rename_title",
                                    .fields = name_fields,
                                    .layout = "account.html",
                                    .section = "security"};
constexpr web::PageFile remove_page{.file = "passkeys/remove.html",
                                    .title = "@passkey.remove_title",
                                    .variables = {"name"},
                                    .layout = "account.html",
                                    .section = "security"};
/// A passkey that was refused says so here, above the other ways in.
constexpr web::PageFile refused_page{.file = "passkeys/refused.html", .title = "@sign_in.title"};

constexpr std::size_t longest_credential = 32768;

struct CredentialForm {
  std::string credential;
  std::optional<std::string> name;
};
constexpr auto describe(const CredentialForm*) {
  return api::object("CredentialForm",
                     api::member("credential", &CredentialForm::credential, {.longest = longest_credential}),
                     api::member("name", &CredentialForm::name));
}
struct NameForm {
  std::string name;
};
constexpr auto describe(const NameForm*) {
  return api::object("NameForm", api::member("name", &NameForm::name));
}

Owner owner_from_page(const http::Request& request) {
  const auto& caller = api::caller_of(request);
  return {.id = caller.user.id, .subject = caller.user.subject, .session = caller.session};
}

Task<Result<http::Response>> show_new(const api::Api& api, const http::Request& request, web::Form form) {
  const auto options = co_await creation_options_text(api, request);
  if (options.has_error()) {
    form.refuse(options.error());
    co_return api::show(api, request, form);
  }
  co_return api::show(api, request, form, {{"options", *options}});
}

Task<Result<http::Response>> get_new(const api::Api& api, http::Request& request) {
  co_return co_await show_new(api, request, web::Form(new_page));
}

Task<Result<http::Response>> post_new(const api::Api& api, http::Request& request) {
  web::Form form(new_page);
  form.keep_sent(request);
  auto sent = api::decode<CredentialForm>(request);
  if (sent.has_error()) co_return co_await show_new(api, request, form.refuse(sent.error()));
  auto made = read_new_passkey(sent->credential, sent->name.value_or(""));
  if (!made.has_value())
    co_return co_await show_new(api, request, form.refuse(Error(ErrorCode::invalid_passkey)));
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_from_page(request);
  const auto added = co_await add_passkey(api.services, std::move(origin), owner, std::move(*made));
  if (added.has_error()) co_return co_await show_new(api, request, form.refuse(added.error()));
  if (added->recovery_codes.empty()) co_return api::go_to(request, "account/security?note=passkey_added");
  std::vector<TemplateValues> codes;
  for (const std::string& code : added->recovery_codes) codes.push_back({{"code", code}});
  TemplateValues values;
  values.set("codes", std::move(codes));
  co_return api::show(api, request, added_page, std::move(values));
}

/// The owner's passkey that the path names.
Task<Result<store::passkeys::Passkey>> find_named(const api::Api& api, const http::Request& request) {
  const auto id = decode_base64url(request.parameter("id"));
  const auto own = co_await list_own_passkeys(api.services, owner_from_page(request));
  if (id.has_value()) {
    const auto found = std::ranges::find(own, *id, &store::passkeys::Passkey::id);
    if (found != own.end()) co_return *found;
  }
  co_return Error(ErrorCode::passkey_not_found);
}

Task<Result<http::Response>> get_rename(const api::Api& api, http::Request& request) {
  const auto passkey = co_await find_named(api, request);
  if (passkey.has_error()) co_return passkey.error();
  web::Form form(rename_page);
  co_return api::show(api, request, form.keep("name", passkey->name));
}

Task<Result<http::Response>> post_rename(const api::Api& api, http::Request& request) {
  web::Form form(rename_page);
  form.keep_sent(request);
  auto sent = api::decode<NameForm>(request);
  if (sent.has_error()) co_return api::show(api, request, form.refuse(sent.error()));
  const auto passkey = co_await find_named(api, request);
  if (passkey.has_error()) co_return passkey.error();
  flow::Origin origin = api::origin_of(request);
  const Owner owner = owner_from_page(request);
  const auto renamed =
      co_await rename_own_passkey(api.services, std::move(origin), owner, passkey->id, std::move(sent->name));
  if (renamed.has_error()) co_return api::show(api, request, form.refuse(renamed.error()));
  co_return api::go_to(request, "account/security?note=saved");
}

Task<Result<http::Response>> get_remove(const api::Api& api, http::Request& request) {
  const auto passkey = co_await find_named(api, request);
  if (passkey.has_error()) co_return passkey.error();
  co_return api::show(api, request, remove_page, {{"name", passkey->name}});
}

/// One that is gone already is removed: sent twice.
Task<Result<http::Response>> post_remove(const api::Api& api, http::Request& request) {
  const auto passkey = co_await find_named(api, request);
  if (passkey.has_value()) {
    flow::Origin origin = api::origin_of(request);
    const Owner owner = owner_from_page(request);
    const auto removed = co_await remove_own_passkey(api.services, std::move(origin), owner, passkey->id);
    if (removed.has_error() && removed.error().code != ErrorCode::passkey_not_found) {
      web::Form form(remove_page);
      co_return api::show(api, request, form.refuse(removed.error()), {{"name", passkey->name}});
    }
  }
  co_return api::go_to(request, "account/security?note=passkey_removed");
}

/// As the first proof, or as the step of a sign-in that is under way.
Task<Result<http::Response>> post_sign_in(const api::Api& api, http::Request& request) {
  web::Form form(refused_page);
  const auto sent = api::decode<CredentialForm>(request);
  if (sent.has_error()) co_return api::show(api, request, form.refuse(Error(ErrorCode::invalid_passkey)));
  auto assertion = api::read_assertion(sent->credential);
  if (assertion.has_error()) co_return api::show(api, request, form.refuse(assertion.error()));
  std::optional<std::string> login_token;
  if (auto token = api::login_token_of(request); !token.empty()) login_token = std::move(token);
  flow::Origin origin = api::origin_of(request);
  const auto session =
      co_await sign_in(api.services, std::move(origin), std::move(login_token), std::move(*assertion));
  if (session.has_value()) co_return api::welcome(api, request, *session);
  if (auto step = api::ask_for_step(request, session.error())) co_return std::move(*step);
  co_return api::show(api, request, form.refuse(session.error()));
}

Task<Result<http::Response>> get_sign_in(const api::Api&, http::Request& request) {
  co_return api::go_to(request, api::on_the_way(request, "sign-in"));
}

/// Where password managers look for what can be done (W3C, "A Well-Known URL for Relying Party Passkey
/// Endpoints").
struct PasskeyEndpoints {
  std::string enroll;
  std::string manage;
};
constexpr auto describe(const PasskeyEndpoints*) {
  return api::object("PasskeyEndpoints", api::member("enroll", &PasskeyEndpoints::enroll),
                     api::member("manage", &PasskeyEndpoints::manage));
}

Task<Result<http::Response>> get_well_known_endpoints(const api::Api& api, http::Request&) {
  if (flow::signin::relying_party(api.services).has_error()) co_return Error(ErrorCode::not_found);
  const std::string& root = api.services.public_url;
  const PasskeyEndpoints answer{.enroll = root + "/account/passkeys/new",
                                .manage = root + "/account/security"};
  co_return http::json_response(200, api::to_json(answer));
}

constexpr web::PageFile page_list[] = {new_page, added_page, rename_page, remove_page, refused_page};
constexpr api::Endpoint page_rows[] = {
    {
        .method = http::Method::get,
        .path = "/.well-known/passkey-endpoints",
        .tag = "pages",
        .summary = "Where passkeys are made and managed",
        .answer = api::gives<PasskeyEndpoints>(),
        .refusals = {ErrorCode::not_found},
        .head = http::Head::allowed,
        .counter = "well_known",
        .handler = get_well_known_endpoints,
    },
    api::page_row("/account/passkeys/new", "Where the owner makes a passkey", api::recent_browser, "passkeys",
                  get_new),
    api::form_row("/account/passkeys/new", "Add a passkey", api::recent_browser, "passkeys", post_new),
    api::page_row("/account/passkeys/{id}", "The name of a passkey", api::recent_browser, "passkeys",
                  get_rename),
    api::form_row("/account/passkeys/{id}", "Rename a passkey", api::recent_browser, "passkeys", post_rename),
    api::page_row("/account/passkeys/{id}/remove", "What removing a passkey means", api::recent_browser,
                  "passkeys", get_remove),
    api::form_row("/account/passkeys/{id}/remove", "Remove a passkey", api::recent_browser, "passkeys",
                  post_remove),
    api::page_row("/sign-in/passkey", "Leads to the sign-in", api::any_browser, "login_passkey", get_sign_in),
    api::form_row("/sign-in/passkey", "Sign in, or go on with a sign-in, with a passkey", api::any_browser,
                  "login_passkey", post_sign_in, api::rates::sign_in),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::passkeys
