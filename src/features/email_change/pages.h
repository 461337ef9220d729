#pragma once

#include "web/page_file.h"

/// What the links of the mails lead people to.
namespace latchkey::features::email_change {

/// Buttons that change the address, and that take the old one back.
inline constexpr web::PageFile confirm_page{.file = "email_change/confirm.html",
                                            .title = "Use this e-mail address",
                                            .variables = {"username", "address"}};
inline constexpr web::PageFile changed_page{.file = "email_change/changed.html",
                                            .title = "Your e-mail address has been changed"};
inline constexpr web::PageFile undo_page{
    .file = "email_change/undo.html", .title = "Take the account back", .variables = {"username", "address"}};
inline constexpr web::PageFile undone_page{.file = "email_change/undone.html",
                                           .title = "The account is yours again"};

inline constexpr web::PageFile pages[] = {confirm_page, changed_page, undo_page, undone_page};

}  // namespace latchkey::features::email_change
