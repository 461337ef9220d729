#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/pages.h"
#include "base/error.h"
#include "base/task.h"
#include "http/message.h"

/// What is the same for everybody: keys, descriptions, health.
namespace latchkey::api {

struct Api;

/// Texts made once at start.
struct Documents {
  std::string openapi;
  Page docs;
};
Documents make_documents(std::string_view public_url);

/// Why the server should get no traffic now (draining, the store out of reach), or nothing. Called from any
/// thread.
using Readiness = std::function<std::optional<std::string>()>;

Task<Result<http::Response>> get_jwks(const Api& api, http::Request& request);
Task<Result<http::Response>> get_openapi(const Api& api, http::Request& request);
Task<Result<http::Response>> get_docs(const Api& api, http::Request& request);
Task<Result<http::Response>> get_health(const Api& api, http::Request& request);
Task<Result<http::Response>> get_readiness(const Api& api, http::Request& request);
/// Only on the management listener.
Task<Result<http::Response>> get_metrics(const Api& api, http::Request& request);

}  // namespace latchkey::api
