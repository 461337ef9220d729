#pragma once

#include <span>

#include "api/endpoint.h"
#include "web/page_file.h"

/// What the links of the mails lead people to.
namespace latchkey::features::email_change {

/// Buttons that change the address, and that take the old one back.
inline constexpr web::PageFile confirm_page{
    .file = "email_change/confirm.html", .title = "@new_address.title", .variables = {"username", "address"}};
inline constexpr web::PageFile changed_page{.file = "email_change/changed.html",
                                            .title = "@new_address.done_title"};
inline constexpr web::PageFile undo_page{
    .file = "email_change/undo.html", .title = "@undo.title", .variables = {"username", "address"}};
inline constexpr web::PageFile undone_page{.file = "email_change/undone.html", .title = "@undo.done_title"};

inline constexpr web::Field ask_fields[] = {
    {.name = "email",
     .id = "email",
     .label = "@field.new_email",
     .kind = web::FieldKind::email,
     .autocomplete = "email"},
};
/// What the owner asks for the change with, and what is said then.
inline constexpr web::PageFile ask_page{.file = "email_change/ask.html",
                                        .title = "@email.title",
                                        .variables = {"current"},
                                        .fields = ask_fields,
                                        .layout = "account.html",
                                        .section = "security"};
inline constexpr web::PageFile asked_page{.file = "email_change/asked.html",
                                          .title = "@email.asked_title",
                                          .variables = {"address"},
                                          .layout = "account.html",
                                          .section = "security"};

inline constexpr web::PageFile pages[] = {confirm_page, changed_page, undo_page,
                                          undone_page,  ask_page,     asked_page};

/// /account/email.
extern const std::span<const api::Endpoint> browser_endpoints;

}  // namespace latchkey::features::email_change
