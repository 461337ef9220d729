#pragma once

#include <string_view>
#include <variant>

#include "base/error.h"
#include "flow/origin.h"
#include "flow/sessions/authenticate.h"
#include "http/message.h"
#include "http/route.h"

/// Who calls, and from where: what the handlers of all features need of a request beside its body.
namespace latchkey::api {

struct Api;

/// Who looks at a page, and has not signed in.
struct Visitor {
  LinkId form;  ///< what the browser's form cookie holds
};
/// Who has signed in by the pages.
struct BrowserSession {
  flow::sessions::Caller caller;
};

/// Who has proved what they are, as the row of the route asks for. Made in one place, `make_access_hook`;
/// other credentials add their alternative with the first route that takes them.
using Principal = std::variant<flow::sessions::Caller, Visitor, BrowserSession>;

/// Where the request comes from, for flows and the audit; with the caller where the route has one.
flow::Origin origin_of(const http::Request& request);

/// The signed-in caller. Only on routes whose row asks for an access token or the session of a browser:
/// elsewhere it is a bug and throws std::logic_error.
const flow::sessions::Caller& caller_of(const http::Request& request);

/// Lets a request pass to a route whose row asks for an access token or for a browser (browser_access.h), and
/// leaves its principal in the request. The one place where a bearer token is turned into a user. Refuses
/// with invalid_token and forbidden. `api` must outlive the hook.
http::AccessHook make_access_hook(const Api& api);

}  // namespace latchkey::api
