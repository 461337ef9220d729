#include "api/api.h"
#include "api/described.h"
#include "api/feature.h"
#include "base/metrics.h"
#include "features/health/feature.h"
#include "http/respond.h"

namespace latchkey::features::health {
namespace {

/// For the schema alone: the two answers are literals.
struct StatusResponse {
  std::string status;
};
constexpr auto describe(const StatusResponse*) {
  return api::object("Status", api::member("status", &StatusResponse::status));
}

Task<Result<http::Response>> get_health(const api::Api&, http::Request&) {
  co_return http::json_response(200, R"({"status":"ok"})");
}

Task<Result<http::Response>> get_readiness(const api::Api& api, http::Request&) {
  // The reason is for the log; a stranger learns only that it is so.
  if (api.readiness().has_value()) co_return Error(ErrorCode::unavailable, Seconds{1});
  co_return http::json_response(200, R"({"status":"ready"})");
}

Task<Result<http::Response>> get_metrics(const api::Api& api, http::Request&) {
  auto response = http::text_response(200, metrics::render(api.counters));
  response.content_type = metrics::content_type;
  co_return response;
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/healthz",
        .tag = "health",
        .summary = "Whether the process is alive",
        .answer = api::gives<StatusResponse>(),
        .head = http::Head::allowed,
        .listener = api::Listener::both,
        .counter = "health",
        .handler = get_health,
    },
    {
        .method = http::Method::get,
        .path = "/readyz",
        .tag = "health",
        .summary = "Whether the server should get traffic",
        .answer = api::gives<StatusResponse>(),
        .refusals = {ErrorCode::unavailable},
        .head = http::Head::allowed,
        .listener = api::Listener::both,
        .counter = "health",
        .handler = get_readiness,
    },
    {
        .method = http::Method::get,
        .path = "/metrics",
        .tag = "health",
        .summary = "Metrics for Prometheus",
        .answer = api::gives_media("text/plain"),
        .head = http::Head::allowed,
        .listener = api::Listener::management,
        .counter = "documents",
        .handler = get_metrics,
    },
};

}  // namespace

const api::Feature feature{.name = "health", .endpoints = endpoints};

}  // namespace latchkey::features::health
