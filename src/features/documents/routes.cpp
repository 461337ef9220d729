#include "api/api.h"
#include "api/described.h"
#include "api/feature.h"
#include "features/documents/feature.h"
#include "flow/keys/rotation.h"
#include "http/respond.h"

namespace latchkey::features::documents {
namespace {

/// As long as a verifier may keep the JWK set: flow/keys/rotation.h counts on it.
constexpr std::string_view five_minutes = "public, max-age=300";
static_assert(flow::keys::jwks_max_age == Seconds{300});

/// For the schema alone: the key set is text that the keys keep ready.
struct JwkResponse {
  std::string kty;
  std::string crv;
  std::string x;
  std::string y;
  std::string use;
  std::string alg;
  std::string kid;
};
constexpr auto describe(const JwkResponse*) {
  return api::object("Jwk", api::member("kty", &JwkResponse::kty), api::member("crv", &JwkResponse::crv),
                     api::member("x", &JwkResponse::x), api::member("y", &JwkResponse::y),
                     api::member("use", &JwkResponse::use), api::member("alg", &JwkResponse::alg),
                     api::member("kid", &JwkResponse::kid));
}
struct JwkSetResponse {
  std::vector<JwkResponse> keys;
};
constexpr auto describe(const JwkSetResponse*) {
  return api::object("JwkSet", api::member("keys", &JwkSetResponse::keys));
}

Task<Result<http::Response>> get_jwks(const api::Api& api, http::Request&) {
  auto response = http::json_response(200, api.services.keys.current()->jwks());
  response.cache_control = five_minutes;
  co_return response;
}

Task<Result<http::Response>> get_openapi(const api::Api& api, http::Request&) {
  auto response = http::json_response(200, api.openapi);
  response.cache_control = five_minutes;
  co_return response;
}

/// Static: its script reads openapi.json.
constexpr web::PageFile docs_page{.file = "documents/docs.html",
                                  .title = "API documentation",
                                  .layout = "sheet.html",
                                  .style = "docs.css",
                                  .script = "docs.js"};

Task<Result<http::Response>> get_docs(const api::Api& api, http::Request& request) {
  auto response = api.pages.render(request, docs_page);
  response.cache_control = five_minutes;
  co_return response;
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/.well-known/jwks.json",
        .tag = "documents",
        .summary = "The public keys that verify access tokens",
        .answer = api::gives<JwkSetResponse>(),
        .head = http::Head::allowed,
        .counter = "documents",
        .handler = get_jwks,
    },
    {
        .method = http::Method::get,
        .path = "/openapi.json",
        .tag = "documents",
        .summary = "This description",
        .answer = api::gives_media("application/json"),
        .head = http::Head::allowed,
        .counter = "documents",
        .handler = get_openapi,
    },
    {
        .method = http::Method::get,
        .path = "/docs",
        .tag = "documents",
        .summary = "This description as a page",
        .answer = api::gives_page(),
        .errors = http::ErrorStyle::page,
        .head = http::Head::allowed,
        .counter = "documents",
        .handler = get_docs,
    },
};

constexpr web::PageFile pages[] = {docs_page};

}  // namespace

const api::Feature feature{.name = "documents", .endpoints = endpoints, .pages = pages};

}  // namespace latchkey::features::documents
