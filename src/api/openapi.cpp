#include "api/openapi.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>

#include "api/json_codec.h"
#include "api/routes.h"
#include "api/schemas.h"
#include "http/respond.h"

namespace latchkey::api {
namespace {

namespace json = boost::json;

/// What the type of a member does not say.
const json::object& annotation(std::string_view member) {
  static const std::map<std::string_view, json::object> known{
      {"email", {{"format", "email"}, {"maxLength", 254}}},
      {"username", {{"minLength", 3}, {"maxLength", 50}}},
      {"password", {{"format", "password"}}},
      {"avatar", {{"format", "uri"}}},
      {"role", {{"enum", {"user", "moderator", "admin"}}}},
      {"status", {{"enum", {"active", "inactive"}}}},
      {"created_at", {{"format", "date-time"}}},
      {"updated_at", {{"format", "date-time"}}},
      {"last_used_at", {{"format", "date-time"}}},
      {"token_type", {{"const", "bearer"}}},
      {"grant_type", {{"enum", {"password", ""}}}},
      {"expires_in", {{"description", "seconds for which the access token is good"}}},
  };
  static const json::object none;
  const auto found = known.find(member);
  return found == known.end() ? none : found->second;
}

template <class T>
json::object schema_of();

template <class T>
json::object schema_of_value() {
  if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_integral_v<T>) {
    return {{"type", "integer"}, {"format", "int64"}};
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view> ||
                       std::is_same_v<T, Timestamp> || std::is_same_v<T, Secret>) {
    return {{"type", "string"}};
  } else if constexpr (is_vector<T>) {
    return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
  } else {
    return schema_of<T>();
  }
}

/// A described struct: all members required, but in requests those that may be missing. `LoginForm` has its
/// own `username`, an address of any form.
template <class T>
json::object schema_of() {
  constexpr bool is_request = std::is_same_v<T, LoginForm>;
  json::object properties;
  json::array required;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    using Field = std::remove_cvref_t<decltype(std::declval<T>().*member.pointer)>;
    json::object schema;
    if constexpr (is_optional<Field>) {
      schema = schema_of_value<typename Field::value_type>();
      if (!is_request) schema["type"] = {schema["type"], "null"};
      if (!is_request) required.emplace_back(member.name);
    } else {
      schema = schema_of_value<Field>();
      required.emplace_back(member.name);
    }
    if (!(is_request && std::string_view(member.name) == "username")) {
      for (const auto& [key, value] : annotation(member.name)) schema[key] = value;
    }
    properties[member.name] = std::move(schema);
  });
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

json::object problem_schema() {
  const json::object text{{"type", "string"}};
  const json::object field{
      {"type", "object"},
      {"properties", {{"loc", {{"type", "array"}, {"items", text}}}, {"msg", text}, {"type", text}}},
      {"required", {"loc", "msg", "type"}}};
  return {{"type", "object"},
          {"description", "A problem document (RFC 9457)"},
          {"properties",
           {{"type", {{"type", "string"}, {"format", "uri"}}},
            {"title", text},
            {"status", {{"type", "integer"}}},
            {"detail", text},
            {"code", {{"type", "string"}, {"description", "stable, snake_case"}}},
            {"request_id", text},
            {"errors", {{"type", "array"}, {"items", field}}}}},
          {"required", {"type", "title", "status", "detail", "code", "request_id"}}};
}

/// A user, and where confirmation is switched off the members of the tokens beside.
json::object signed_up_schema() {
  json::object schema = schema_of<UserResponse>();
  const json::object tokens = schema_of<TokenResponse>();
  for (const auto& [name, member] : tokens.at("properties").as_object()) {
    schema["properties"].as_object()[name] = member;
  }
  return schema;
}

json::object jwks_schema() {
  const json::object text{{"type", "string"}};
  const json::object key{
      {"type", "object"},
      {"properties",
       {{"kty", text}, {"crv", text}, {"x", text}, {"y", text}, {"use", text}, {"alg", text}, {"kid", text}}},
      {"required", {"kty", "crv", "x", "y", "use", "alg", "kid"}}};
  return {{"type", "object"},
          {"properties", {{"keys", {{"type", "array"}, {"items", key}}}}},
          {"required", {"keys"}}};
}

json::object status_schema() {
  return {{"type", "object"}, {"properties", {{"status", {{"type", "string"}}}}}, {"required", {"status"}}};
}

std::string_view name_of(Schema schema) {
  switch (schema) {
    case Schema::signup_request:
      return "UserSchema";
    case Schema::login_form:
      return "LoginForm";
    case Schema::email_request:
      return "RequestEmail";
    case Schema::access_request:
      return "UserAccess";
    case Schema::user:
      return "UserResponse";
    case Schema::signed_up:
      return "SignedUp";
    case Schema::tokens:
      return "TokenSchema";
    case Schema::message:
      return "Message";
    case Schema::access_response:
      return "UserAccessResponse";
    case Schema::sessions:
      return "Sessions";
    case Schema::jwks:
      return "JwkSet";
    case Schema::status:
      return "Status";
    case Schema::none:
    case Schema::any_json:
    case Schema::html:
      return "";
  }
  return "";
}

json::object schemas() {
  const auto sessions = schema_of_value<std::vector<SessionResponse>>();
  return {{name_of(Schema::signup_request), schema_of<SignupRequest>()},
          {name_of(Schema::login_form), schema_of<LoginForm>()},
          {name_of(Schema::email_request), schema_of<EmailRequest>()},
          {name_of(Schema::access_request), schema_of<AccessRequest>()},
          {name_of(Schema::user), schema_of<UserResponse>()},
          {name_of(Schema::signed_up), signed_up_schema()},
          {name_of(Schema::tokens), schema_of<TokenResponse>()},
          {name_of(Schema::message), schema_of<MessageResponse>()},
          {name_of(Schema::access_response), schema_of<AccessResponse>()},
          {name_of(Schema::sessions), sessions},
          {name_of(Schema::jwks), jwks_schema()},
          {name_of(Schema::status), status_schema()},
          {"Problem", problem_schema()}};
}

json::object reference(std::string_view name) {
  return {{"schema", {{"$ref", "#/components/schemas/" + std::string(name)}}}};
}

json::object success_content(Schema schema) {
  if (schema == Schema::html) return {{"text/html", {{"schema", {{"type", "string"}}}}}};
  if (schema == Schema::any_json) return {{"application/json", {{"schema", {{"type", "object"}}}}}};
  return {{"application/json", reference(name_of(schema))}};
}

json::object request_body(const Endpoint& row) {
  const auto content = reference(name_of(row.description.request));
  if (row.body == http::BodyKind::form) {
    return {{"required", true},
            {"content", {{"application/x-www-form-urlencoded", content}, {"multipart/form-data", content}}}};
  }
  return {{"required", row.body == http::BodyKind::json}, {"content", {{"application/json", content}}}};
}

json::array parameters(const Endpoint& row) {
  json::array result;
  std::string_view rest = row.pattern;
  for (auto open = rest.find('{'); open != rest.npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    const auto name = rest.substr(open + 1, close - open - 1);
    json::object schema{{"type", "string"}};
    if (name == "user_id") schema = {{"type", "integer"}, {"format", "int64"}};
    result.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", std::move(schema)}});
    rest.remove_prefix(close + 1);
  }
  if (row.description.request == Schema::access_request) {
    result.push_back({{"name", "is_active"},
                      {"in", "query"},
                      {"required", false},
                      {"description", "in place of the body: true, false, 1, 0, yes, no, on, off"},
                      {"schema", {{"type", "boolean"}}}});
  }
  return result;
}

/// Refusals by status, each with the codes that it can carry.
void add_refusals(json::object& responses, const Endpoint& row) {
  std::map<int, std::vector<ErrorCode>> by_status{{400, {ErrorCode::bad_request}}};
  for (const auto code : row.description.refusals) by_status[describe(code).status].push_back(code);
  if (row.body != http::BodyKind::none) {
    for (const auto code : {ErrorCode::body_too_large, ErrorCode::unsupported_media_type}) {
      by_status[describe(code).status].push_back(code);
    }
  }
  by_status[503].push_back(ErrorCode::unavailable);
  for (const auto& [status, codes] : by_status) {
    std::string description;
    for (const auto code : codes) {
      const std::string name(describe(code).code);
      if (description.find("`" + name + "`") != std::string::npos) continue;
      description += (description.empty() ? "`" : ", `") + name + "`";
    }
    responses[std::to_string(status)] = {{"description", http::reason_phrase(status)},
                                         {"x-codes", description},
                                         {"content", {{http::problem_type, reference("Problem")}}}};
  }
}

std::string operation_id(const Endpoint& row) {
  std::string id(to_string(row.method));
  for (char& c : id) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  for (const char c : row.pattern) {
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
  const auto& description = row.description;
  json::object success{{"description", http::reason_phrase(description.success)}};
  if (description.response != Schema::none) {
    auto content = success_content(description.response);
    // The links of mails answer people with pages.
    if (row.counter == metrics::Route::confirmation && description.request == Schema::none) {
      content["text/html"] = {{"schema", {{"type", "string"}}}};
    }
    success["content"] = std::move(content);
  }
  json::object responses{{std::to_string(description.success), std::move(success)}};
  add_refusals(responses, row);
  if (row.counter == metrics::Route::confirmation) {
    responses["400"].as_object()["content"].as_object()["text/html"] = {{"schema", {{"type", "string"}}}};
  }
  json::object result{{"tags", {description.tag}},
                      {"summary", description.summary},
                      {"operationId", operation_id(row)},
                      {"responses", std::move(responses)}};
  if (auto list = parameters(row); !list.empty()) result["parameters"] = std::move(list);
  if (description.request != Schema::none) result["requestBody"] = request_body(row);
  if (row.bearer != BearerToken::none) {
    const std::string scheme = row.bearer == BearerToken::access ? "accessToken" : "refreshToken";
    json::array security;
    security.emplace_back(json::object{{scheme, json::array{}}});
    result["security"] = std::move(security);
  } else {
    result["security"] = json::array{};
  }
  return result;
}

}  // namespace

json::value make_openapi(std::string_view public_url) {
  json::object paths;
  for (const auto& row : endpoints()) {
    std::string method(to_string(row.method));
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    if (!paths.contains(row.pattern)) paths[row.pattern] = json::object{};
    paths[row.pattern].as_object()[method] = operation(row);
  }
  const auto bearer = [](std::string_view what) {
    return json::object{
        {"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}, {"description", what}};
  };
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Latchkey"},
            {"version", LATCHKEY_VERSION},
            {"description", "Sign-up, confirmation, sign-in, sessions and blocking."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"servers", {{{"url", public_url}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", schemas()},
            {"securitySchemes",
             {{"accessToken", bearer("The access token of sign-in or refresh")},
              {"refreshToken", bearer("The refresh token of sign-in or refresh")}}}}}};
}

}  // namespace latchkey::api
