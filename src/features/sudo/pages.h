#pragma once

#include <span>

#include "api/endpoint.h"
#include "web/page_file.h"

namespace latchkey::features::sudo {

/// /sudo.
extern const std::span<const api::Endpoint> browser_endpoints;
extern const std::span<const web::PageFile> pages;

}  // namespace latchkey::features::sudo
