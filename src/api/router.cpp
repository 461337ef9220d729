#include "api/router.h"

#include <optional>

#include "api/api.h"
#include "http/form.h"
#include "settings/newcomer.h"

namespace latchkey::api {
namespace {

Task<Result<http::Response>> refuse(Error error) { co_return error; }

/// Nobody could say which one of two values counts: a query with a repeated name is refused everywhere
/// (security case H22).
std::optional<Error> wrong_query(const http::Request& request) {
  if (request.query.empty()) return std::nullopt;
  const auto query = http::parse_query(request);
  if (query.has_error()) return query.error();
  if (query->has_repeats()) return Error(ErrorCode::repeated_parameter);
  return std::nullopt;
}

http::Route make_route(const Endpoint& row, const Api& api, std::size_t body_limit) {
  const Handler handler = row.handler;
  return {.method = row.method,
          .pattern = row.path,
          .body = row.body.kind,
          .body_limit = body_limit,
          .head = row.head,
          .access = access_number(row.access),
          .errors = row.errors,
          .reach = row.audience == Audience::newcomers ? http::Reach::this_machine : http::Reach::everywhere,
          .rate = make_rate_limit(row.rate, api.services.settings, api.services.buckets),
          .counts = &http::RouteCounts::of(row.counter),
          .handler = [&api, handler](http::Request& request) {
            if (auto wrong = wrong_query(request)) return refuse(std::move(*wrong));
            return handler(api, request);
          }};
}

}  // namespace

std::vector<http::Route> make_routes(Features features, Listener listener, const Api& api,
                                     std::size_t body_limit) {
  std::vector<http::Route> routes;
  const bool for_newcomers = settings::is_for_newcomers(api.services.settings);
  for (const Feature* feature : features) {
    for (const auto& rows : {feature->endpoints, feature->browser_endpoints}) {
      for (const Endpoint& row : rows) {
        if (row.listener != listener && row.listener != Listener::both) continue;
        if (row.audience == Audience::newcomers && !for_newcomers) continue;
        routes.push_back(make_route(row, api, body_limit));
      }
    }
  }
  return routes;
}

}  // namespace latchkey::api
