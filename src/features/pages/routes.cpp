#include "api/api.h"
#include "api/feature.h"
#include "features/pages/feature.h"

namespace latchkey::features::pages {
namespace {

Task<Result<http::Response>> get_asset(const api::Api& api, http::Request& request) {
  auto asset = api.pages.assets().find(request.parameter("file"));
  if (!asset.has_value()) co_return ErrorCode::not_found;
  co_return std::move(*asset);
}

/// Browsers and tools ask for it without being told. What asks from a page of ours does not get so far: no
/// page allows an image.
constexpr std::string_view icon =
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='9' "
    "fill='#3b5bdb'/><path d='M12 8v16h9' fill='none' stroke='#fff' stroke-width='4' stroke-linecap='round' "
    "stroke-linejoin='round'/></svg>";

Task<Result<http::Response>> get_icon(const api::Api&, http::Request&) {
  http::Response response;
  response.content_type = "image/svg+xml";
  response.body = icon;
  response.cache_control = "public, max-age=86400";
  co_return response;
}

constexpr api::Endpoint icon_rows[] = {
    {
        .method = http::Method::get,
        .path = "/favicon.ico",
        .tag = "pages",
        .summary = "The icon of the pages",
        .answer = api::gives_media("image/svg+xml"),
        .head = http::Head::allowed,
        .counter = "documents",
        .handler = get_icon,
    },
};

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/assets/{file}",
        .tag = "documents",
        .summary = "A style sheet or script of the pages",
        .answer = api::gives_media("text/*"),
        .refusals = {ErrorCode::not_found},
        .head = http::Head::allowed,
        .counter = "documents",
        .handler = get_asset,
    },
};

}  // namespace

const api::Feature feature{.name = "pages", .endpoints = endpoints, .browser_endpoints = icon_rows};

}  // namespace latchkey::features::pages
