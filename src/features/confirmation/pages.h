#pragma once

#include "web/page_file.h"

/// What the links in confirmation mails lead people to.
namespace latchkey::features::confirmation {

/// A button that confirms, and a second that POSTs to `reject_path`: "this was not me".
inline constexpr web::PageFile confirm_page{
    .file = "confirmation/confirm.html", .title = "@confirm.title", .variables = {"username", "reject_path"}};
inline constexpr web::PageFile confirmed_page{.file = "confirmation/confirmed.html",
                                              .title = "@confirm.done_title"};
inline constexpr web::PageFile already_confirmed_page{.file = "confirmation/already_confirmed.html",
                                                      .title = "@confirm.already_title"};
/// A button that removes the account.
inline constexpr web::PageFile reject_page{
    .file = "confirmation/reject.html", .title = "@reject.title", .variables = {"username"}};
inline constexpr web::PageFile removed_page{.file = "confirmation/removed.html",
                                            .title = "@reject.done_title"};

inline constexpr web::PageFile pages[] = {confirm_page, confirmed_page, already_confirmed_page, reject_page,
                                          removed_page};

}  // namespace latchkey::features::confirmation
