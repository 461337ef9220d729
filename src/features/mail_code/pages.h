#pragma once

#include <span>

#include "api/endpoint.h"
#include "web/page_file.h"

namespace latchkey::features::mail_code {

/// /sign-in/code, and /sign-in/code/check.
extern const std::span<const api::Endpoint> browser_endpoints;
extern const std::span<const web::PageFile> pages;

}  // namespace latchkey::features::mail_code
