#include "http/message.h"

#include <stdexcept>

#include "base/unicode.h"

namespace latchkey::http {

namespace {

constexpr std::array<std::string_view, 9> method_names{"GET",   "HEAD",    "POST",  "PUT",    "DELETE",
                                                       "PATCH", "OPTIONS", "TRACE", "CONNECT"};

}  // namespace

std::string_view to_string(Method method) {
  auto index = static_cast<std::size_t>(method);
  return index < method_names.size() ? method_names[index] : "OTHER";
}

Method parse_method(std::string_view token) {
  for (std::size_t i = 0; i < method_names.size(); ++i)
    if (method_names[i] == token) return static_cast<Method>(i);
  return Method::other;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const HeaderView& line : headers)
    if (line.name.size() == name.size() && equal_ignoring_ascii_case(line.name, name)) return line.value;
  return std::nullopt;
}

std::size_t Request::header_count(std::string_view name) const {
  std::size_t count = 0;
  for (const HeaderView& line : headers)
    if (line.name.size() == name.size() && equal_ignoring_ascii_case(line.name, name)) ++count;
  return count;
}

std::string_view Request::parameter(std::string_view name) const {
  for (std::size_t i = 0; i < parameter_count; ++i)
    if (parameters[i].name == name) return parameters[i].value;
  throw std::logic_error("a handler asks for a path parameter that its pattern does not have");
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

}  // namespace latchkey::http
