#pragma once

#include "api/api.h"
#include "api/described.h"
#include "base/secret.h"
#include "base/task.h"
#include "http/message.h"
#include "web/page_file.h"

/// What the link of an invitation leads people to.
namespace latchkey::features::signup {

inline constexpr web::Field invited_fields[] = {
    {.name = "email",
     .id = "email",
     .label = "E-mail address",
     .hint = "The one that was invited.",
     .kind = web::FieldKind::email,
     .autocomplete = "username"},
    {.name = "username",
     .id = "name",
     .label = "Name",
     .hint = "Others may see it.",
     .autocomplete = "nickname"},
    {.name = "password",
     .id = "new-password",
     .label = "Password",
     .hint = "8 characters or more; a sentence is good. Common ones are refused.",
     .kind = web::FieldKind::password,
     .autocomplete = "new-password"},
};
inline constexpr web::PageFile invited_page{
    .file = "signup/invited.html", .title = "Create your account", .fields = invited_fields};
inline constexpr web::PageFile signed_up_page{
    .file = "signup/signed_up.html", .title = "The account is yours", .variables = {"confirmation"}};

inline constexpr web::PageFile pages[] = {invited_page, signed_up_page};

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
