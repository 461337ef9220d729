#include "features/documents/docs_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/template.h"
#include "features/documents/docs_schema.h"
#include "web/frame.h"

namespace latchkey::features::documents {
namespace {

namespace json = boost::json;

struct Operation {
  std::string method;
  std::string path;
  std::string tag;
  const json::value* shared;  ///< the path item, whose parameters count for all its methods
  const json::value* value;
};

constexpr std::string_view methods[] = {"get", "post", "put", "patch", "delete", "head", "options", "trace"};

std::vector<Operation> list_operations(const json::value& document) {
  std::vector<Operation> out;
  const json::value& paths = value_at(document, "paths");
  if (!paths.is_object()) return out;
  for (const auto& [path, item] : paths.get_object()) {
    for (const std::string_view method : methods) {
      const json::value& value = value_at(item, method);
      if (!value.is_object()) continue;
      const json::value& tags = value_at(value, "tags");
      const bool tagged = tags.is_array() && !tags.get_array().empty() && tags.get_array()[0].is_string();
      std::string upper(method);
      std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      out.push_back({std::move(upper), std::string(path),
                     tagged ? std::string(tags.get_array()[0].get_string()) : "Operations", &item, &value});
    }
  }
  return out;
}

std::vector<std::string> list_tags(const std::vector<Operation>& operations) {
  std::vector<std::string> tags;
  for (const Operation& operation : operations) {
    if (std::ranges::find(tags, operation.tag) == tags.end()) tags.push_back(operation.tag);
  }
  return tags;
}

class Writer {
 public:
  explicit Writer(const json::value& document) : document_(document) {}

  std::string write();

 private:
  void raw(std::string_view html) { out_ += html; }
  void text(std::string_view value) { append_html(out_, value); }
  void code(std::string_view value) { append_code(out_, value); }

  void write_head(const json::value& info);
  void write_index(const std::vector<Operation>& operations, const std::vector<std::string>& tags);
  void write_operation(const Operation& operation, std::size_t number);
  void write_access(const json::value& operation);
  void write_parameters(const Operation& operation);
  void write_content(const json::value& content);
  void write_responses(const json::value& responses);
  void write_schemas();

  const json::value& document_;
  std::string out_;
};

void Writer::write_head(const json::value& info) {
  raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
  text(text_at(info, "title"));
  raw("</title>\n<style>");
  raw(web::find_page_file("docs.css"));
  raw("</style>\n</head>\n<body>\n<header>\n<h1>");
  text(text_at(info, "title"));
  raw("</h1>\n<p class=\"soft\">Version ");
  text(text_at(info, "version"));
  raw(" · <a href=\"openapi.json\">the same for programs</a></p>\n");
  append_prose(out_, text_at(info, "description"));
  raw("</header>\n");
}

void Writer::write_index(const std::vector<Operation>& operations, const std::vector<std::string>& tags) {
  raw("<nav aria-label=\"Operations\">\n");
  for (const std::string& tag : tags) {
    raw("<h3>");
    text(tag);
    raw("</h3>\n<ul>\n");
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (operations[i].tag != tag) continue;
      raw(fmt::format("<li><span class=\"method\">{}</span> <a href=\"#operation-{}\">", operations[i].method,
                      i));
      code(operations[i].path);
      raw("</a> ");
      text(text_at(*operations[i].value, "summary"));
      raw("</li>\n");
    }
    raw("</ul>\n");
  }
  raw("</nav>\n");
}

void Writer::write_access(const json::value& operation) {
  const json::value& own = value_at(operation, "security");
  const json::value& security = own.is_array() ? own : value_at(document_, "security");
  if (!security.is_array() || security.get_array().empty()) return;
  raw("<p class=\"soft\">Needs ");
  bool first = true;
  for (const json::value& choice : security.get_array()) {
    if (!choice.is_object()) continue;
    if (!first) raw(" or ");
    first = false;
    if (choice.get_object().empty()) raw("nothing");
    for (const auto& [name, scopes] : choice.get_object()) {
      code(name);
      raw(" ");
    }
  }
  raw("</p>\n");
}

void Writer::write_parameters(const Operation& operation) {
  std::vector<const json::value*> parameters;
  for (const json::value* owner : {operation.shared, operation.value}) {
    const json::value& list = value_at(*owner, "parameters");
    if (!list.is_array()) continue;
    for (const json::value& parameter : list.get_array())
      parameters.push_back(&resolve(document_, parameter));
  }
  if (parameters.empty()) return;
  raw("<h4>Parameters</h4>\n<div class=\"table\"><table>\n"
      "<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">In</th><th "
      "scope=\"col\">Meaning</th></tr></thead>\n"
      "<tbody>\n");
  for (const json::value* parameter : parameters) {
    raw("<tr><th scope=\"row\">");
    code(text_at(*parameter, "name"));
    raw("</th><td>");
    text(text_at(*parameter, "in"));
    raw("</td><td>");
    append_type(out_, value_at(*parameter, "schema"));
    if (value_at(*parameter, "required") != json::value(true)) raw(" <span class=\"soft\">(optional)</span>");
    append_prose(out_, text_at(*parameter, "description"));
    raw("</td></tr>\n");
  }
  raw("</tbody></table></div>\n");
}

void Writer::write_content(const json::value& content) {
  if (!content.is_object()) return;
  for (const auto& [media_type, body] : content.get_object()) {
    raw("<p>");
    code(media_type);
    raw(": ");
    append_type(out_, value_at(body, "schema"));
    raw("</p>\n");
    append_members(out_, value_at(body, "schema"));
  }
}

void Writer::write_responses(const json::value& responses) {
  if (!responses.is_object()) return;
  raw("<h4>Responses</h4>\n<div class=\"table\"><table>\n"
      "<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n");
  for (const auto& [status, response_or_reference] : responses.get_object()) {
    const json::value& response = resolve(document_, response_or_reference);
    raw("<tr><th scope=\"row\">");
    code(status);
    raw("</th><td>");
    append_prose(out_, text_at(response, "description"));
    write_content(value_at(response, "content"));
    raw("</td></tr>\n");
  }
  raw("</tbody></table></div>\n");
}

void Writer::write_operation(const Operation& operation, std::size_t number) {
  const json::value& value = *operation.value;
  raw(fmt::format("<article id=\"operation-{}\">\n<h3><span class=\"method\">{}</span> ", number,
                  operation.method));
  code(operation.path);
  raw("</h3>\n");
  append_prose(out_, text_at(value, "summary"));
  append_prose(out_, text_at(value, "description"));
  if (value_at(value, "deprecated") == json::value(true)) raw("<p><strong>Deprecated.</strong></p>\n");
  write_access(value);
  write_parameters(operation);
  const json::value& body = resolve(document_, value_at(value, "requestBody"));
  if (body.is_object()) {
    raw("<h4>Request body</h4>\n");
    append_prose(out_, text_at(body, "description"));
    write_content(value_at(body, "content"));
  }
  write_responses(value_at(value, "responses"));
  raw("</article>\n");
}

void Writer::write_schemas() {
  const json::value& schemas = value_at(value_at(document_, "components"), "schemas");
  if (!schemas.is_object() || schemas.get_object().empty()) return;
  raw("<h2>Schemas</h2>\n");
  for (const auto& [name, schema] : schemas.get_object()) {
    raw("<article id=\"schema-");
    text(name);
    raw("\">\n<h3>");
    code(name);
    raw("</h3>\n");
    append_prose(out_, text_at(schema, "description"));
    raw("<p>");
    append_type(out_, schema);
    raw("</p>\n");
    append_members(out_, schema);
    raw("</article>\n");
  }
}

std::string Writer::write() {
  const std::vector<Operation> operations = list_operations(document_);
  const std::vector<std::string> tags = list_tags(operations);
  write_head(value_at(document_, "info"));
  write_index(operations, tags);
  raw("<main>\n");
  for (const std::string& tag : tags) {
    raw("<h2>");
    text(tag);
    raw("</h2>\n");
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (operations[i].tag == tag) write_operation(operations[i], i);
    }
  }
  write_schemas();
  raw("</main>\n</body>\n</html>\n");
  return std::move(out_);
}

}  // namespace

web::Page render_docs_page(const json::value& openapi) {
  static const std::string policy = web::make_policy(web::find_page_file("docs.css"), web::Forms::none);
  return {Writer(openapi).write(), policy};
}

}  // namespace latchkey::features::documents
