#include "api/documents.h"

#include <boost/json/serialize.hpp>

#include "api/docs_page.h"
#include "api/openapi.h"
#include "api/routes.h"
#include "base/metrics.h"
#include "http/path.h"
#include "http/respond.h"

namespace latchkey::api {
namespace {

/// As long as a verifier may keep the JWK set: flow/key_rotation.h counts on it.
constexpr std::string_view five_minutes = "public, max-age=300";
static_assert(flow::jwks_max_age == Seconds{300});

}  // namespace

Documents make_documents(std::string_view public_url) {
  const boost::json::value openapi = make_openapi(public_url);
  return {.openapi = boost::json::serialize(openapi), .docs = render_docs_page(openapi)};
}

Task<Result<http::Response>> get_jwks(const Api& api, http::Request&) {
  auto response = http::json_response(200, api.services.keys.current()->jwks());
  response.cache_control = five_minutes;
  co_return response;
}

Task<Result<http::Response>> get_openapi(const Api& api, http::Request&) {
  auto response = http::json_response(200, api.documents.openapi);
  response.cache_control = five_minutes;
  co_return response;
}

Task<Result<http::Response>> get_docs(const Api& api, http::Request& request) {
  std::string page = api.documents.docs.body;
  // The page links to its neighbour, which is one folder up for whoever came by `/docs/`.
  const std::string link = http::climb(request.target, 0);
  if (!link.empty()) page.insert(page.find(link_to_openapi) + link_to_openapi.find("openapi"), link);
  auto response = http::html_response(200, std::move(page), api.documents.docs.content_security_policy);
  response.cache_control = five_minutes;
  co_return response;
}

Task<Result<http::Response>> get_health(const Api&, http::Request&) {
  co_return http::json_response(200, R"({"status":"ok"})");
}

Task<Result<http::Response>> get_readiness(const Api& api, http::Request&) {
  // The reason is for the log; a stranger learns only that it is so.
  if (api.readiness().has_value()) co_return Error(ErrorCode::unavailable, Seconds{1});
  co_return http::json_response(200, R"({"status":"ready"})");
}

Task<Result<http::Response>> get_metrics(const Api&, http::Request&) {
  auto response = http::text_response(200, metrics::render());
  response.content_type = metrics::content_type;
  co_return response;
}

}  // namespace latchkey::api
