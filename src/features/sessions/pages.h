#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/cursor.h"
#include "api/endpoint.h"
#include "crypto/keyring.h"
#include "flow/sessions/authenticate.h"
#include "store/sessions.h"
#include "web/page_file.h"

namespace latchkey::features::sessions {

/// /account/sessions, and /sign-out.
extern const std::span<const api::Endpoint> browser_endpoints;
extern const std::span<const web::PageFile> pages;

/// Where the next page of a user's sessions begins, as a text that only this server makes, for that user.
std::string seal_position(const crypto::Keyring& ring, const flow::sessions::Caller& caller,
                          const store::sessions::ListPosition& position);
/// The position that such a text in a query stands for; nothing where there is none. Refuses as
/// api::find_position does.
Result<std::optional<store::sessions::ListPosition>> find_position(const crypto::Keyring& ring,
                                                                   const flow::sessions::Caller& caller,
                                                                   const api::PageQuery& query);

}  // namespace latchkey::features::sessions
