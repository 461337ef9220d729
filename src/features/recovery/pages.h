#pragma once

#include "api/api.h"
#include "api/described.h"
#include "api/endpoint.h"
#include "base/secret.h"
#include "base/task.h"
#include "http/message.h"
#include "web/page_file.h"

/// What the link of the mail leads people to.
namespace latchkey::features::recovery {

inline constexpr web::Field new_password_fields[] = {
    {.name = "username",
     .id = "email",
     .label = "@field.email",
     .kind = web::FieldKind::email,
     .autocomplete = "username",
     .access = web::Access::read_only},
    {.name = "password",
     .id = "new-password",
     .label = "@field.new_password",
     .hint = "@hint.new_password",
     .kind = web::FieldKind::password,
     .autocomplete = "new-password"},
};
inline constexpr web::PageFile new_password_page{
    .file = "recovery/new_password.html", .title = "@new_password.title", .fields = new_password_fields};
inline constexpr web::PageFile password_changed_page{.file = "recovery/password_changed.html",
                                                     .title = "@new_password.done_title"};

inline constexpr web::Field forgotten_fields[] = {
    {.name = "email",
     .id = "email",
     .label = "@field.email",
     .kind = web::FieldKind::email,
     .autocomplete = "username"},
};
inline constexpr web::PageFile forgotten_page{
    .file = "recovery/forgotten.html", .title = "@forgotten.title", .fields = forgotten_fields};
inline constexpr web::PageFile asked_page{
    .file = "recovery/asked.html", .title = "@forgotten.asked_title", .variables = {"address"}};

inline constexpr web::PageFile pages[] = {new_password_page, password_changed_page, forgotten_page,
                                          asked_page};

/// /password/forgotten.
extern const std::span<const api::Endpoint> browser_endpoints;

struct ForgottenForm {
  std::string email;
};
constexpr auto describe(const ForgottenForm*) {
  return api::object("ForgottenForm", api::member("email", &ForgottenForm::email));
}

/// The form of the page. The address in it is for password managers; the link says whose password it is.
struct NewPasswordForm {
  Secret password;
};
constexpr auto describe(const NewPasswordForm*) {
  return api::object("NewPasswordForm", api::member("password", &NewPasswordForm::password));
}

Task<Result<http::Response>> get_new_password(const api::Api& api, http::Request& request);
Task<Result<http::Response>> post_new_password(const api::Api& api, http::Request& request);

}  // namespace latchkey::features::recovery
