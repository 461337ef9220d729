#pragma once

#include <optional>
#include <string_view>

#include "api/access.h"
#include "api/api.h"
#include "base/error.h"
#include "base/task.h"
#include "http/message.h"
#include "http/route.h"

/// Who may ask for a page, and who may send its form. Cookies go along with every request that a browser
/// makes to us, so a form is believed only where a page of ours has sent it.
namespace latchkey::api {

BrowserRules make_browser_rules(std::string_view public_url);

/// Lets a request pass to a row for browsers, and leaves a `Visitor` or a `BrowserSession` in it. In this
/// order, before anything of the body is believed: pages may set cookies here (https_required); a form comes
/// from a page of this origin, as `Sec-Fetch-Site` says or, where a browser does not send that, `Origin`
/// (cross_site_form); it has the token that goes with this browser's cookie (stale_form); the session is
/// alive (invalid_token), recent enough (recent_sign_in_required), and an administrator's where the row
/// asks for one.
///
/// A session that is used stays alive: its idle limit moves, at most every five minutes.
Task<Result<void>> authorize_browser(const Api& api, const http::Route& route, http::Request& request);

/// Whether a browser that asks for a page for everybody has signed in already.
Task<bool> has_signed_in(const Api& api, const http::Request& request);

/// What goes into each form of this request's page, as `form_token`.
std::string form_token(const Api& api, const http::Request& request);

}  // namespace latchkey::api
