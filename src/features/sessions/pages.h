#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

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
std::optional<store::sessions::ListPosition> open_position(const crypto::Keyring& ring,
                                                           const flow::sessions::Caller& caller,
                                                           std::string_view text);

}  // namespace latchkey::features::sessions
