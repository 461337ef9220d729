#pragma once

#include <string_view>

#include "api/endpoint.h"

/// The rows of pages, which are all alike but for these.
namespace latchkey::api {

/// A page that changes nothing. HEAD may stand in for GET.
constexpr Endpoint page_row(std::string_view path, std::string_view summary, Access access,
                            std::string_view counter, Handler handler) {
  return {.method = http::Method::get,
          .path = path,
          .tag = "pages",
          .summary = summary,
          .access = access,
          .answer = gives_page(),
          .errors = http::ErrorStyle::page,
          .head = http::Head::allowed,
          .counter = counter,
          .handler = handler};
}

/// A page for newcomers. It takes no cookie, so that it works in browsers that keep none on this machine.
constexpr Endpoint newcomer_row(std::string_view path, std::string_view summary, std::string_view counter,
                                Handler handler) {
  Endpoint row = page_row(path, summary, anyone, counter, handler);
  row.audience = Audience::newcomers;
  return row;
}

/// Its form: sent to the same path, or to one of its own.
constexpr Endpoint form_row(std::string_view path, std::string_view summary, Access access,
                            std::string_view counter, Handler handler, RateRule rate = {}) {
  return {.method = http::Method::post,
          .path = path,
          .tag = "pages",
          .summary = summary,
          .access = access,
          .rate = rate,
          .body = {.kind = http::BodyKind::form},
          .answer = gives_page(),
          .errors = http::ErrorStyle::page,
          .counter = counter,
          .handler = handler};
}

}  // namespace latchkey::api
