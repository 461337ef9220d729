#pragma once

#include <span>

#include "api/endpoint.h"
#include "web/page_file.h"

/// What the link of the mail leads people to.
namespace latchkey::features::deletion {

/// A button that stops the deletion.
inline constexpr web::PageFile keep_page{
    .file = "deletion/keep.html", .title = "@keep.title", .variables = {"username"}};
inline constexpr web::PageFile kept_page{.file = "deletion/kept.html", .title = "@keep.done_title"};

inline constexpr web::Field delete_fields[] = {
    {.name = "email",
     .id = "account-email",
     .label = "@field.email",
     .hint = "@hint.delete_email",
     .kind = web::FieldKind::email},
};
/// What the owner asks for the deletion with, and what is said then.
inline constexpr web::PageFile delete_page{.file = "deletion/delete.html",
                                           .title = "@delete.title",
                                           .variables = {"days"},
                                           .fields = delete_fields,
                                           .layout = "account.html",
                                           .section = "profile"};
inline constexpr web::PageFile scheduled_page{
    .file = "deletion/scheduled.html", .title = "@delete.scheduled_title", .variables = {"due"}};
/// The step of a sign-in to an account that is about to be deleted.
inline constexpr web::PageFile keep_step_page{.file = "deletion/keep_step.html",
                                              .title = "@keep_account.title"};

inline constexpr web::PageFile pages[] = {keep_page, kept_page, delete_page, scheduled_page, keep_step_page};

/// /account/delete, and /sign-in/keep-account.
extern const std::span<const api::Endpoint> browser_endpoints;

}  // namespace latchkey::features::deletion
