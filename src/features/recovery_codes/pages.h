#pragma once

#include <span>

#include "api/endpoint.h"
#include "web/page_file.h"

namespace latchkey::features::recovery_codes {

/// /sign-in/recovery-code, and /account/recovery-codes.
extern const std::span<const api::Endpoint> browser_endpoints;
extern const std::span<const web::PageFile> pages;

}  // namespace latchkey::features::recovery_codes
