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

const api::Feature feature{.name = "pages", .endpoints = endpoints};

}  // namespace latchkey::features::pages
