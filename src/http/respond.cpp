#include "http/respond.h"

#include "base/json.h"
#include "http/bearer.h"
#include "http/media_type.h"

namespace latchkey::http {

namespace {

Response make(int status, std::string_view type, std::string body) {
  Response response;
  response.status = status;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":");
  append_json_string(out, value);
}

void append_fields(std::string& out, std::string_view name, const std::vector<FieldError>& fields) {
  out.append(",\"").append(name).append("\":[");
  for (const FieldError& field : fields) {
    if (out.back() == '}') out += ',';
    out += "{\"loc\":[";
    for (std::size_t i = 0; i < field.loc.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, field.loc[i]);
    }
    out += ']';
    append_member(out, "msg", field.msg);
    append_member(out, "type", field.type);
    out += '}';
  }
  out += ']';
}

template <class Texts>
void append_texts(std::string& out, std::string_view name, const Texts& texts) {
  out.append(",\"").append(name).append("\":[");
  for (const std::string_view text : texts) {
    if (out.back() == '"') out += ',';
    append_json_string(out, text);
  }
  out += ']';
}

void append_step(std::string& out, const MissingStep& step) {
  append_member(out, "login_token", step.login_token);
  append_texts(out, "methods", step.methods);
  out.append(",\"expires_in\":").append(std::to_string(step.expires_in.count()));
  if (!step.recovery_codes.empty()) append_texts(out, "recovery_codes", step.recovery_codes);
}

/// RFC 6749 §5.2, for clients that read no problem documents. A limit or an overload has no code there;
/// clients know this one from §4.1.2.1.
std::string_view oauth_error(const Error& error) {
  if (error.step != nullptr) return "mfa_required";
  const int status = describe(error.code).status;
  if (status == 401 || status == 403) return "invalid_grant";
  if (status == 429 || status >= 500) return "temporarily_unavailable";
  return "invalid_request";
}

/// Whether the denial means that the client, or all together, ask too much: trying again at once gets the
/// same answer.
bool is_for_asking_too_much(ErrorCode code) {
  return code == ErrorCode::overloaded || code == ErrorCode::too_many_requests ||
         code == ErrorCode::too_many_attempts;
}

bool asks_for_page(const Request& request, ErrorStyle style) {
  return style == ErrorStyle::page || (style == ErrorStyle::page_or_field_list && prefers_html(request));
}

Response problem_response(const Error& error, const Request& request, ErrorStyle style,
                          std::string_view type_base) {
  const ErrorInfo& info = describe(error.code);
  std::string type(type_base);
  type += info.code;
  std::string text = "{";
  text.reserve(320);
  append_member(text, "type", type);
  append_member(text, "title", reason_phrase(info.status));
  text.append(",\"status\":").append(std::to_string(info.status));
  const bool names_fields = error.code == ErrorCode::validation_failed;
  const std::string_view sentence = error.detail.empty() ? info.detail : std::string_view(error.detail);
  if (names_fields && style != ErrorStyle::problem && style != ErrorStyle::sign_in_step) {
    append_fields(text, "detail", error.fields);
  } else {
    append_member(text, "detail", sentence);
  }
  append_member(text, "code", info.code);
  append_member(text, "request_id", request.request_id);
  if (names_fields) append_fields(text, "errors", error.fields);
  if (style == ErrorStyle::token_endpoint || style == ErrorStyle::sign_in_step) {
    append_member(text, "error", oauth_error(error));
    append_member(text, "error_description", sentence);
  }
  if (error.step != nullptr) append_step(text, *error.step);
  text += '}';
  return make(info.status, problem_type, std::move(text));
}

}  // namespace

Response json_response(int status, std::string text) { return make(status, json_type, std::move(text)); }

Response message_response(int status, std::string_view message) {
  std::string text = "{";
  append_member(text, "message", message);
  text += '}';
  return make(status, json_type, std::move(text));
}

Response text_response(int status, std::string text) { return make(status, text_type, std::move(text)); }

Response empty_response() {
  Response response;
  response.status = 204;
  return response;
}

Response denial_response(const Error& error, const Request& request, ErrorStyle style,
                         const Denials& denials) {
  Response response = denials.page && asks_for_page(request, style)
                          ? denials.page(error, request)
                          : problem_response(error, request, style, denials.problem_type_base);
  if (response.status == 401) {
    const bool bad_token = error.code == ErrorCode::invalid_token && presents_bearer(request);
    std::string challenge = R"(Bearer realm="latchkey")";
    if (bad_token) challenge += R"(, error="invalid_token")";
    // RFC 9470 §3.
    if (error.code == ErrorCode::recent_sign_in_required)
      challenge += R"(, error="insufficient_user_authentication", max_age=600)";
    response.headers.push_back({"WWW-Authenticate", std::move(challenge)});
  }
  if (error.retry_after > Seconds(0))
    response.headers.push_back({"Retry-After", std::to_string(error.retry_after.count())});
  response.is_paced = is_for_asking_too_much(error.code);
  return response;
}

ErrorStyle error_style_of(const Request& request) {
  return request.route != nullptr ? request.route->errors : ErrorStyle::problem;
}

}  // namespace latchkey::http
