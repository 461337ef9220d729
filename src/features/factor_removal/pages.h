#pragma once

#include "web/page_file.h"

/// What the link of the mail leads people to.
namespace latchkey::features::factor_removal {

/// A button that stops the removal.
inline constexpr web::PageFile stop_page{
    .file = "factor_removal/stop.html", .title = "@keep_factors.title", .variables = {"username"}};
inline constexpr web::PageFile stopped_page{.file = "factor_removal/stopped.html",
                                            .title = "@keep_factors.done_title"};

inline constexpr web::PageFile pages[] = {stop_page, stopped_page};

}  // namespace latchkey::features::factor_removal
