#pragma once

#include "api/api.h"
#include "api/described.h"
#include "api/endpoint.h"
#include "base/secret.h"
#include "base/task.h"
#include "http/message.h"
#include "web/account_fields.h"
#include "web/page_file.h"

/// What the link of an invitation leads people to.
namespace latchkey::features::signup {

inline constexpr web::Field invited_fields[] = {
    {.name = "email",
     .id = "email",
     .label = "@field.email",
     .hint = "@hint.invited",
     .kind = web::FieldKind::email,
     .autocomplete = "username"},
    web::new_name_field,
    web::new_password_field,
};
inline constexpr web::PageFile invited_page{
    .file = "signup/invited.html", .title = "@invited.title", .fields = invited_fields};
inline constexpr web::PageFile signed_up_page{
    .file = "signup/signed_up.html", .title = "@invited.done_title", .variables = {"confirmation"}};

inline constexpr web::PageFile sign_up_page{
    .file = "signup/sign_up.html", .title = "@sign_up.title", .fields = web::new_account_fields};
inline constexpr web::PageFile check_mail_page{
    .file = "signup/check_mail.html", .title = "@check_mail.title", .variables = {"address"}};

inline constexpr web::PageFile pages[] = {invited_page, signed_up_page, sign_up_page, check_mail_page};

/// /sign-up and /check-your-mail.
extern const std::span<const api::Endpoint> browser_endpoints;

struct InvitedForm {
  std::string email;
  std::string username;
  Secret password;
};
constexpr auto describe(const InvitedForm*) {
  return api::object("InvitedForm", api::member("email", &InvitedForm::email),
                     api::member("username", &InvitedForm::username),
                     api::member("password", &InvitedForm::password));
}

Task<Result<http::Response>> get_invited(const api::Api& api, http::Request& request);
Task<Result<http::Response>> post_invited(const api::Api& api, http::Request& request);

}  // namespace latchkey::features::signup
