#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/endpoint.h"
#include "features/passkeys/add_passkey.h"
#include "web/page_file.h"

namespace latchkey::features::passkeys {

/// /account/passkeys/…, and /sign-in/passkey.
extern const std::span<const api::Endpoint> browser_endpoints;
extern const std::span<const web::PageFile> pages;

/// What a browser is asked for a new passkey with, as a page holds it. Refuses as `registration_options`
/// does.
Task<Result<std::string>> creation_options_text(const api::Api& api, const http::Request& request);
/// What a browser has answered to that (`toJSON`). Nothing for any other text.
std::optional<NewPasskey> read_new_passkey(std::string_view credential, std::string name);

}  // namespace latchkey::features::passkeys
