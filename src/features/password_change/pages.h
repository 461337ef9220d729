#pragma once

#include <span>

#include "api/endpoint.h"
#include "web/page_file.h"

namespace latchkey::features::password_change {

/// /account/password, and /sign-in/new-password.
extern const std::span<const api::Endpoint> browser_endpoints;
extern const std::span<const web::PageFile> pages;

}  // namespace latchkey::features::password_change
