#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/cursor.h"
#include "api/endpoint.h"
#include "flow/services.h"
#include "web/page_file.h"

namespace latchkey::features::activity {

/// /account/activity, and /account/data.
extern const std::span<const api::Endpoint> browser_endpoints;
extern const std::span<const web::PageFile> pages;

/// The answer of `GET /api/users/me/export`: a file.
Task<Result<http::Response>> get_export(const api::Api& api, http::Request& request);

/// Where the next page of an account's history begins, as a text that only this server makes, for that
/// account.
std::string seal_position(const flow::Services& services, const Subject& account, std::int64_t position);
/// The position that such a text in a query stands for; nothing where there is none. Refuses as
/// api::find_position does.
Result<std::optional<std::int64_t>> find_position(const flow::Services& services, const Subject& account,
                                                  const api::PageQuery& query);

}  // namespace latchkey::features::activity
