#pragma once

#include "web/page_file.h"

/// What the link of the mail leads people to.
namespace latchkey::features::deletion {

/// A button that stops the deletion.
inline constexpr web::PageFile keep_page{
    .file = "deletion/keep.html", .title = "Keep your account?", .variables = {"username"}};
inline constexpr web::PageFile kept_page{.file = "deletion/kept.html", .title = "Your account stays"};

inline constexpr web::PageFile pages[] = {keep_page, kept_page};

}  // namespace latchkey::features::deletion
