#include "api/openapi.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>

#include "http/respond.h"

namespace latchkey::api {
namespace {

namespace json = boost::json;

/// The problem documents of a style of errors (http/route.h).
json::object problem_schema(http::ErrorStyle style) {
  const json::object text{{"type", "string"}};
  const json::object field{
      {"type", "object"},
      {"properties", {{"loc", {{"type", "array"}, {"items", text}}}, {"msg", text}, {"type", text}}},
      {"required", {"loc", "msg", "type"}}};
  const json::object fields{{"type", "array"}, {"items", field}};
  json::object properties{{"type", {{"type", "string"}, {"format", "uri"}}},
                          {"title", text},
                          {"status", {{"type", "integer"}}},
                          {"detail", text},
                          {"code", {{"type", "string"}, {"description", "stable, snake_case"}}},
                          {"request_id", text},
                          {"errors", fields}};
  json::array required{"type", "title", "status", "detail", "code", "request_id"};
  if (style == http::ErrorStyle::field_list) properties["detail"] = fields;
  if (style == http::ErrorStyle::token_endpoint) {
    json::array either;
    either.emplace_back(text);
    either.emplace_back(fields);
    properties["detail"] = json::object{{"oneOf", std::move(either)}};
  }
  if (style == http::ErrorStyle::token_endpoint || style == http::ErrorStyle::sign_in_step) {
    properties["error"] = {{"type", "string"}, {"description", "as RFC 6749 §5.2 has it"}};
    properties["error_description"] = text;
    required.emplace_back("error");
    required.emplace_back("error_description");
  }
  return {{"type", "object"},
          {"description", "A problem document (RFC 9457)"},
          {"properties", std::move(properties)},
          {"required", std::move(required)}};
}

std::string_view problem_name(http::ErrorStyle style, int status) {
  if (style == http::ErrorStyle::token_endpoint) return "TokenProblem";
  if (style == http::ErrorStyle::sign_in_step) return "StepProblem";
  const bool lists_fields =
      style == http::ErrorStyle::field_list || style == http::ErrorStyle::page_or_field_list;
  return lists_fields && status == 422 ? "ValidationProblem" : "Problem";
}

json::object reference(std::string_view name) {
  return {{"schema", {{"$ref", "#/components/schemas/" + std::string(name)}}}};
}

json::object success_content(const Answer& answer) {
  if (!answer.schema.name.empty()) return {{answer.media_type, reference(answer.schema.name)}};
  const std::string_view type = answer.media_type == "application/json" ? "object" : "string";
  return {{answer.media_type, {{"schema", {{"type", type}}}}}};
}

json::object request_body(const Body& body) {
  const auto content = reference(body.schema.name);
  if (body.kind == http::BodyKind::form) {
    return {{"required", true},
            {"content", {{"application/x-www-form-urlencoded", content}, {"multipart/form-data", content}}}};
  }
  return {{"required", body.kind == http::BodyKind::json}, {"content", {{"application/json", content}}}};
}

json::array parameters(const Endpoint& row) {
  json::array result;
  std::string_view rest = row.path;
  for (auto open = rest.find('{'); open != rest.npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    const auto name = rest.substr(open + 1, close - open - 1);
    json::object schema{{"type", "string"}};
    if (name == "user_id") schema = {{"type", "integer"}, {"format", "int64"}};
    result.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", std::move(schema)}});
    rest.remove_prefix(close + 1);
  }
  if (row.query.make == nullptr) return result;
  auto query = row.query.make();
  for (auto& [name, member] : query["properties"].as_object()) {
    auto& schema = member.as_object();
    json::object parameter{{"name", name}, {"in", "query"}, {"required", false}};
    if (const auto* meaning = schema.if_contains("description")) {
      parameter["description"] = *meaning;
      schema.erase("description");
    }
    parameter["schema"] = std::move(schema);
    result.push_back(std::move(parameter));
  }
  return result;
}

/// What people are answered with.
json::object html_content() { return {{"schema", {{"type", "string"}}}}; }

json::object refusal_content(http::ErrorStyle style, int status) {
  json::object content;
  // A path that can not be read is refused with 400 before anybody knows that a page was asked for.
  if (style != http::ErrorStyle::page || status == 400) {
    content[http::problem_type] = reference(problem_name(style, status));
  }
  if (style == http::ErrorStyle::page || style == http::ErrorStyle::page_or_field_list) {
    content["text/html"] = html_content();
  }
  return content;
}

json::object retry_after_header() {
  return {{"Retry-After",
           {{"description", "After how many seconds the client may ask again"},
            {"required", true},
            {"schema", {{"type", "integer"}, {"minimum", 1}}}}}};
}

/// Refusals by status, each with the codes that it can carry.
void add_refusals(json::object& responses, const Endpoint& row) {
  std::map<int, std::vector<ErrorCode>> by_status{{400, {ErrorCode::bad_request}}};
  for (const auto code : row.refusals) by_status[describe(code).status].push_back(code);
  if (row.body.kind != http::BodyKind::none) {
    for (const auto code : {ErrorCode::body_too_large, ErrorCode::unsupported_media_type}) {
      by_status[describe(code).status].push_back(code);
    }
  }
  // What is sent twice, or can not be read, in the body's form or in the query beside it.
  if (row.body.kind != http::BodyKind::none || row.query.make != nullptr) {
    auto& codes = by_status[400];
    for (const auto code : {ErrorCode::malformed_form, ErrorCode::repeated_parameter})
      if (std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
  }
  const bool counts =
      row.access.from == Credential::access_token && is_change(row.path, row.method, row.access.freshness);
  if (!row.rate.is_none() || counts) by_status[429].push_back(ErrorCode::too_many_requests);
  by_status[503].push_back(ErrorCode::unavailable);
  for (const auto& [status, codes] : by_status) {
    json::object sentences;
    for (const auto code : codes) sentences[describe(code).code] = describe(code).detail;
    json::object response{{"description", http::reason_phrase(status)},
                          {"x-codes", std::move(sentences)},
                          {"content", refusal_content(row.errors, status)}};
    if (status == 429) response["headers"] = retry_after_header();
    responses[std::to_string(status)] = std::move(response);
  }
}

std::string operation_id(const Endpoint& row) {
  std::string id(to_string(row.method));
  for (char& c : id) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  for (const char c : row.path) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word) {
      id += c;
    } else if (id.back() != '_') {
      id += '_';
    }
  }
  while (id.back() == '_') id.pop_back();
  return id;
}

json::object operation(const Endpoint& row) {
  const Answer& answer = row.answer;
  json::object success{{"description", http::reason_phrase(answer.status)}};
  if (!answer.media_type.empty()) {
    auto content = success_content(answer);
    if (answer.page_for_browsers) content["text/html"] = html_content();
    success["content"] = std::move(content);
  }
  json::object responses{{std::to_string(answer.status), std::move(success)}};
  add_refusals(responses, row);
  json::object result{{"tags", {row.tag}},
                      {"summary", row.summary},
                      {"operationId", operation_id(row)},
                      {"responses", std::move(responses)}};
  if (!row.description.empty()) result["description"] = row.description;
  if (auto list = parameters(row); !list.empty()) result["parameters"] = std::move(list);
  if (row.body.kind != http::BodyKind::none) result["requestBody"] = request_body(row.body);
  if (row.access.from != Credential::none) {
    const std::string scheme = row.access.from == Credential::access_token ? "accessToken" : "refreshToken";
    json::array security;
    security.emplace_back(json::object{{scheme, json::array{}}});
    result["security"] = std::move(security);
  } else {
    result["security"] = json::array{};
  }
  return result;
}

/// Two rows may name the same schema, which then is described once.
void add_schema(json::object& schemas, const Schema& schema) {
  if (!schema.name.empty() && !schemas.contains(schema.name)) schemas[schema.name] = schema.make();
}

}  // namespace

json::value make_openapi(Features features, std::string_view public_url) {
  json::object paths;
  json::object schemas;
  for (const Feature* feature : features) {
    // Pages with cookies are for people: programs have a route of their own for each.
    for (const Endpoint& row : feature->endpoints) {
      if (row.listener == Listener::management) continue;
      std::string method(to_string(row.method));
      for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
      if (!paths.contains(row.path)) paths[row.path] = json::object{};
      paths[row.path].as_object()[method] = operation(row);
      add_schema(schemas, row.body.schema);
      add_schema(schemas, row.answer.schema);
    }
  }
  for (const auto style : {http::ErrorStyle::problem, http::ErrorStyle::field_list,
                           http::ErrorStyle::token_endpoint, http::ErrorStyle::sign_in_step}) {
    schemas[problem_name(style, 422)] = problem_schema(style);
  }
  const auto bearer = [](std::string_view what) {
    return json::object{
        {"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}, {"description", what}};
  };
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Latchkey"},
            {"version", LATCHKEY_VERSION},
            {"description", "Accounts, sign-in, sessions and tokens."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"servers", {{{"url", public_url}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", std::move(schemas)},
            {"securitySchemes",
             {{"accessToken", bearer("The access token that sign-in or refresh returned")},
              {"refreshToken", bearer("The refresh token that sign-in or refresh returned")}}}}}};
}

}  // namespace latchkey::api
