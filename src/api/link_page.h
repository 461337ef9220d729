#pragma once

#include <string>
#include <string_view>

#include "api/endpoint.h"
#include "api/token_response.h"
#include "base/template_values.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "web/page_file.h"

namespace latchkey::api {

/// What a link of a mail does. GET shows a page with a button and changes nothing, because programs that scan
/// mail follow links; POST does it. A program gets a sentence in place of either page. Both refuse with
/// invalid_link. A constant of the feature, whose two rows are `shows_link` and `uses_link`.
struct LinkPage {
  std::string_view path;     ///< ends in `/{token}`
  std::string_view counter;  ///< the name under which metrics count both
  const web::PageFile* ask;
  const web::PageFile* done;
  std::string_view hint;  ///< what GET tells a program
  std::string_view said;  ///< what POST tells a program
  /// What `ask` shows. Changes nothing.
  Task<Result<TemplateValues>> (*look)(flow::Services&, flow::Origin, std::string token);
  Task<Result<>> (*act)(flow::Services&, flow::Origin, std::string token, std::string language);
};

Task<Result<http::Response>> show_link(const Api& api, http::Request& request, const LinkPage& link);
Task<Result<http::Response>> use_link(const Api& api, http::Request& request, const LinkPage& link);

template <const LinkPage& link>
constexpr Endpoint shows_link(std::string_view summary) {
  return {.method = http::Method::get,
          .path = link.path,
          .tag = "users",
          .summary = summary,
          .rate = rates::links,
          .answer = gives_page_or<MessageResponse>(),
          .refusals = {ErrorCode::invalid_link},
          .errors = http::ErrorStyle::page_or_field_list,
          .head = http::Head::allowed,
          .counter = link.counter,
          .handler = [](const Api& api, http::Request& request) { return show_link(api, request, link); }};
}

template <const LinkPage& link>
constexpr Endpoint uses_link(std::string_view summary, std::string_view description = {}) {
  return {.method = http::Method::post,
          .path = link.path,
          .tag = "users",
          .summary = summary,
          .description = description,
          .rate = rates::links,
          .answer = gives_page_or<MessageResponse>(),
          .refusals = {ErrorCode::invalid_link},
          .errors = http::ErrorStyle::page_or_field_list,
          .counter = link.counter,
          .handler = [](const Api& api, http::Request& request) { return use_link(api, request, link); }};
}

}  // namespace latchkey::api
