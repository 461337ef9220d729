#include "web/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "http/respond.h"
#include "web/error_pages.h"
#include "web/page_values.h"

namespace latchkey::web {
namespace {

/// Content-Security-Policy Level 3. Nothing may be loaded but our own style sheets and, where a page has one,
/// our own script, which may ask our own server; nobody may frame a page, and no `<base>` can move its links.
constexpr std::string_view policy_without_script =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
constexpr std::string_view policy_with_script =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Of a page with a password field and no script of its own.
constexpr std::string_view script_of_passwords = "password.js";

/// A form without one of its fields could never be sent.
void check_fields(const Template& text, const PageFile& row, const std::string& source) {
  TemplateValues values;
  set_form(values, Form(row));
  const std::string page = text.render(values);
  for (const Field& field : row.fields) {
    if (page.find(fmt::format(" name=\"{}\"", field.name)) == page.npos) {
      throw BadTemplate(fmt::format("{}: has no field \"{}\"", source, field.name));
    }
  }
}

}  // namespace

Pages::Pages(std::span<const PageFile> rows, const Options& options)
    : Pages(rows, options, PageFiles(options.folder)) {}

Pages::Pages(std::span<const PageFile> rows, const Options& options, PageFiles files) : assets_(files) {
  for (const PageFile& row : rows) load(row, options, files);
  files.refuse_unused();
}

void Pages::load(const PageFile& row, const Options& options, PageFiles& files) {
  const auto layout = files.find(std::string(row.layout));
  const auto content = files.find(std::string(row.file));
  if (!layout || !content)
    throw BadTemplate("templates/pages/" + std::string(layout ? row.file : row.layout) + ": is missing");
  const auto partials = [&](std::string_view name) {
    return name == "content" ? content : files.find(std::string(name) + ".html");
  };
  const auto names = list_variables(row);
  const std::vector<std::string_view> variables(names.begin(), names.end());
  Template text(layout->name, layout->text, Markup::html, variables, partials);
  check_fields(text, row, content->name);

  TemplateValues common{
      {"title", row.title}, {"service", options.service}, {"style_path", assets_.path_of("latchkey.css")}};
  if (!row.style.empty()) common.set("page_style_path", assets_.path_of(row.style));
  std::string_view script = row.script;
  if (script.empty() && std::ranges::count(row.fields, FieldKind::password, &Field::kind) > 0)
    script = script_of_passwords;
  if (!script.empty()) common.set("script_path", assets_.path_of(script));
  const auto policy = script.empty() ? policy_without_script : policy_with_script;
  const auto [at, is_new] = pages_.emplace(row.file, Loaded{row, std::move(text), std::move(common), policy});
  if (!is_new) throw std::logic_error("two rows of pages name the same file: " + std::string(row.file));
}

const Pages::Loaded& Pages::find(const PageFile& page) const {
  const auto found = pages_.find(page.file);
  if (found == pages_.end())
    throw std::logic_error("a page that no feature lists: " + std::string(page.file));
  return found->second;
}

http::Response Pages::render(const http::Request& request, const PageFile& page, const TemplateValues& values,
                             int status) const {
  return finish(request, find(page), values, status);
}

http::Response Pages::render(const http::Request& request, const Form& form, TemplateValues values) const {
  set_form(values, form);
  return finish(request, find(form.page()), std::move(values), form.status());
}

http::Response Pages::render_error(const http::Request& request, const Error& error) const {
  const int status = describe(error.code).status;
  const ErrorPage page = error_page_of(error);
  return render(request, page.row,
                {{"title", page.title}, {"sentence", page.sentence}, {"request_id", request.request_id}},
                status);
}

http::Response Pages::finish(const http::Request& request, const Loaded& page, TemplateValues values,
                             int status) const {
  http::Response response;
  values.set("root", path_to_root(request));
  response.status = status;
  response.content_type = http::html_type;
  response.body = page.text.render(TemplateValues(page.common).merge(values));
  response.content_security_policy = page.policy;
  // With no-referrer, browsers send `Origin: null` with every form.
  response.referrer_policy = "same-origin";
  response.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
  return response;
}

}  // namespace latchkey::web
