#include "api/link_page.h"

#include "api/access.h"
#include "api/api.h"
#include "http/language.h"
#include "http/media_type.h"
#include "http/respond.h"
#include "web/pages.h"

namespace latchkey::api {

Task<Result<http::Response>> show_link(const Api& api, http::Request& request, const LinkPage& link) {
  flow::Origin origin = origin_of(request);
  std::string token(request.parameter("token"));
  auto values = co_await link.look(api.services, std::move(origin), std::move(token));
  if (values.has_error()) co_return values.error();
  if (!http::prefers_html(request)) co_return http::message_response(200, link.hint);
  co_return api.pages.render(request, *link.ask, *values);
}

Task<Result<http::Response>> use_link(const Api& api, http::Request& request, const LinkPage& link) {
  flow::Origin origin = origin_of(request);
  std::string token(request.parameter("token"));
  std::string language = http::preferred_language(request);
  const auto done = co_await link.act(api.services, std::move(origin), std::move(token), std::move(language));
  if (done.has_error()) co_return done.error();
  if (!http::prefers_html(request)) co_return http::message_response(200, link.said);
  co_return api.pages.render(request, *link.done);
}

}  // namespace latchkey::api
