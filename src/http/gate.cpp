#include "http/gate.h"

#include "base/unicode.h"
#include "http/form.h"
#include "http/media_type.h"
#include "http/path.h"
#include "http/this_machine.h"

namespace latchkey::http {

namespace {

struct Visit {
  const wire::RequestHead& head;
  Request& request;
  const Router& router;
  const Resource* resource = nullptr;
};

/// What a step judges: what was asked for, or what was sent with it.
enum class About : std::uint8_t { target, body };

struct Step {
  std::optional<Error> (*judge)(Visit&);
  About about;
};

bool asks_about_server(const Visit& visit) {
  return visit.head.method == Method::options && visit.head.target == "*";
}

std::optional<Error> read_target(Visit& visit) {
  if (asks_about_server(visit)) return std::nullopt;
  if (visit.head.method == Method::connect && !visit.head.target.starts_with('/'))
    return ErrorCode::not_implemented;
  std::optional<Target> target = split_target(visit.head.target);
  if (!target || !decode_path(target->path, visit.request.path)) return ErrorCode::bad_request;
  visit.request.query = target->query;
  return std::nullopt;
}

std::optional<Error> find_resource(Visit& visit) {
  if (asks_about_server(visit)) return std::nullopt;
  const Resource* found = visit.router.find(visit.request);
  if (found == nullptr) return ErrorCode::not_found;
  if (found->reach == Reach::this_machine && !comes_from_this_machine(visit.request)) {
    visit.request.parameter_count = 0;
    return ErrorCode::not_found;
  }
  visit.resource = found;
  return std::nullopt;
}

std::optional<Error> choose_route(Visit& visit) {
  if (visit.head.method == Method::options) return std::nullopt;
  if (visit.head.method == Method::other) return ErrorCode::not_implemented;  // RFC 9110 §9.1
  visit.request.route = visit.resource->route(visit.head.method);
  if (visit.request.route == nullptr) return ErrorCode::method_not_allowed;
  return std::nullopt;
}

/// Before anything of the request is judged that costs more than this, and before its body is read.
std::optional<Error> limit_rate(Visit& visit) {
  const Route* route = visit.request.route;
  if (route == nullptr) return std::nullopt;
  return refuse_by_rate(route->rate, visit.request.address, visit.request.now);
}

/// Whether the route reads a body. Of a body that no route reads the gate says nothing: a proxy that asks on
/// behalf of another request (nginx's auth_request) sends that request's Content-Length, Content-Type and
/// Content-Encoding, and no body.
bool takes_body(const Visit& visit) {
  const Route* route = visit.request.route;
  return route != nullptr && route->body != BodyKind::none;
}

/// No content coding is ever undone, so that no small body can become a large one (security case H12).
std::optional<Error> refuse_content_encoding(Visit& visit) {
  if (!takes_body(visit)) return std::nullopt;
  for (const HeaderView& line : visit.request.headers) {
    if (!equal_ignoring_ascii_case(line.name, "Content-Encoding")) continue;
    if (!equal_ignoring_ascii_case(line.value, "identity")) return ErrorCode::unsupported_content_encoding;
  }
  return std::nullopt;
}

/// `application/json`, or a type of its own that is written in JSON (RFC 6839 §3.1).
bool is_json(std::string_view essence) {
  constexpr std::string_view suffix = "+json";
  constexpr std::string_view kind = "application/";
  return essence == json_type || (essence.starts_with(kind) && essence.ends_with(suffix) &&
                                  essence.size() > kind.size() + suffix.size());
}

/// A charset that leaves ASCII as it is has no effect: JSON is UTF-8 (RFC 8259 §8.1, §11), and so are the
/// values of forms (WHATWG URL §5.1, RFC 6749 appendix B), where clients write ISO-8859-1 or US-ASCII by
/// default.
bool takes(BodyKind kind, const MediaType& type) {
  if (type.charset() == Charset::other) return false;
  if (kind == BodyKind::form) return type.essence == urlencoded_type || type.essence == multipart_type;
  return is_json(type.essence);
}

/// What is sent in place of the body that was refused (RFC 9110 §15.5.16), as `Accept` says it.
std::string_view accepted_types(BodyKind kind) {
  return kind == BodyKind::form ? "application/x-www-form-urlencoded, multipart/form-data" : json_type;
}

Error wrong_media_type(BodyKind kind) {
  return {ErrorCode::unsupported_media_type,
          kind == BodyKind::form
              ? "This route takes application/x-www-form-urlencoded or multipart/form-data, in UTF-8"
              : "This route takes application/json, in UTF-8"};
}

/// A body without a Content-Type is JSON where nothing else is taken. A request without body and without
/// Content-Type passes: what is missing in it is the handler's to say.
std::optional<Error> check_media_type(Visit& visit) {
  if (!takes_body(visit)) return std::nullopt;
  BodyKind kind = visit.request.route->body;
  std::size_t lines = visit.request.header_count("Content-Type");
  std::string_view value = visit.request.header("Content-Type").value_or("");
  bool untyped = lines == 0 || (lines == 1 && value.empty());
  if (untyped && (kind != BodyKind::form || !visit.head.has_body())) return std::nullopt;
  std::optional<MediaType> type;
  if (lines == 1) type = parse_media_type(value);
  if (!type || !takes(kind, *type)) return wrong_media_type(kind);
  return std::nullopt;
}

std::optional<Error> check_body_length(Visit& visit) {
  if (!takes_body(visit)) return std::nullopt;
  if (visit.head.content_length.value_or(0) > visit.request.route->body_limit)
    return ErrorCode::body_too_large;
  return std::nullopt;
}

/// The order of validation. Between what was asked for and what was sent stands the question who asks (401,
/// 403): connection.cpp puts it before a refusal about the body. It also has what comes after these steps
/// (the body, the access hook, the handler).
constexpr Step steps[] = {
    {read_target, About::target},            // 400, 501
    {find_resource, About::target},          // 404
    {choose_route, About::target},           // 501, 405
    {limit_rate, About::target},             // 429
    {refuse_content_encoding, About::body},  // 415
    {check_media_type, About::body},         // 415
    {check_body_length, About::body},        // 413
};

/// A method that a page does not have is refused with a page, too, although no row was chosen.
ErrorStyle error_style_of(const Visit& visit) {
  if (visit.request.route == nullptr && visit.resource != nullptr) {
    for (const Route* route : visit.resource->by_method) {
      if (route == nullptr) continue;
      if (route->errors == ErrorStyle::page || route->errors == ErrorStyle::page_or_field_list)
        return route->errors;
    }
  }
  return error_style_of(visit.request);
}

Response answer_options(const Visit& visit, const Cors& cors) {
  const std::string& allow = visit.resource != nullptr ? visit.resource->allow : visit.router.allow();
  Response response = empty_response();
  response.headers.push_back({"Allow", allow});
  if (Cors::is_preflight(visit.request) && cors.allowed_origin(visit.request))
    cors.describe_preflight(response, visit.request, allow);
  return response;
}

}  // namespace

Admission admit(const wire::RequestHead& head, Request& request, const Router& router, const Cors& cors,
                const Denials& denials) {
  Visit visit{head, request, router};
  Admission admission;
  for (const Step& step : steps) {
    std::optional<Error> refusal = step.judge(visit);
    if (!refusal) continue;
    admission.judges_body = step.about == About::body;
    admission.resource = visit.resource;
    admission.answer = denial_response(*refusal, request, error_style_of(visit), denials);
    if (refusal->code == ErrorCode::method_not_allowed)
      admission.answer->headers.push_back({"Allow", visit.resource->allow});
    if (refusal->code == ErrorCode::unsupported_content_encoding)
      admission.answer->headers.push_back({"Accept-Encoding", "identity"});
    if (refusal->code == ErrorCode::unsupported_media_type)
      admission.answer->headers.push_back({"Accept", std::string(accepted_types(request.route->body))});
    return admission;
  }
  admission.resource = visit.resource;
  if (head.method == Method::options) admission.answer = answer_options(visit, cors);
  return admission;
}

}  // namespace latchkey::http
