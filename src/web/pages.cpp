#include "web/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "http/cookie.h"
#include "http/respond.h"
#include "web/error_pages.h"
#include "web/page_values.h"

namespace latchkey::web {
namespace {

/// Content-Security-Policy Level 3. Nothing may be loaded but our own style sheets and, where a page has one,
/// our own script, which may ask our own server; nobody may frame a page, and no `<base>` can move its links.
constexpr std::string_view policy_without_script =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";
constexpr std::string_view policy_with_script =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Of pages with a password field, or a moment in time, and no script of their own.
constexpr std::string_view common_script = "latchkey.js";

/// Browsers keep to https for so long (RFC 6797).
constexpr std::string_view strict_transport = "max-age=31536000";

constexpr Seconds language_lives = std::chrono::hours(24) * 400;

/// A form without one of its fields could never be sent.
void check_fields(const Template& text, const PageFile& row, const std::string& source,
                  const Language& language) {
  TemplateValues values;
  // Also those that the page shows only sometimes.
  for (const auto name : row.variables)
    if (name.find('.') == name.npos) values.set(name, "yes");
  set_form(values, Form(row), language);
  const std::string page = text.render(values);
  for (const Field& field : row.fields) {
    if (page.find(fmt::format(" name=\"{}\"", field.name)) == page.npos) {
      throw BadTemplate(fmt::format("{}: has no field \"{}\"", source, field.name));
    }
  }
}

/// The first letter of the service's name.
std::string mark_of(std::string_view service) {
  std::size_t size = service.empty() ? 0 : 1;
  while (size < service.size() && (static_cast<unsigned char>(service[size]) & 0xC0U) == 0x80U) ++size;
  std::string mark(service.substr(0, size));
  if (mark.size() == 1 && mark[0] >= 'a' && mark[0] <= 'z') mark[0] = static_cast<char>(mark[0] - 'a' + 'A');
  return mark;
}

}  // namespace

Pages::Pages(std::span<const PageFile> rows, const Options& options)
    : Pages(rows, options, PageFiles(options.folder)) {}

Pages::Pages(std::span<const PageFile> rows, const Options& options, PageFiles files)
    : assets_(files), languages_(files), transport_(options.transport) {
  for (const PageFile& row : rows) load(row, options, files);
  files.refuse_unused();
}

TemplateValues Pages::common_values(const PageFile& row, const Options& options, const Language& language,
                                    std::string_view script) const {
  TemplateValues common{
      {"title", language.resolve(row.title)}, {"service", options.service},
      {"mark", mark_of(options.service)},     {"lang", language.tag()},
      {"dir", language.direction()},          {"style_path", assets_.path_of("latchkey.css")}};
  if (!row.style.empty()) common.set("page_style_path", assets_.path_of(row.style));
  if (!script.empty()) common.set("script_path", assets_.path_of(script));
  if (!row.section.empty()) common.set("at_" + std::string(row.section), "yes");
  std::vector<TemplateValues> others;
  for (std::size_t i = 0; i < languages_.size(); ++i)
    others.push_back({{"tag", languages_[i].tag()},
                      {"name", languages_[i].name()},
                      {"current", languages_[i].tag() == language.tag() ? "yes" : ""}});
  common.set("languages", std::move(others));
  return common;
}

void Pages::load(const PageFile& row, const Options& options, PageFiles& files) {
  const auto layout = files.find(std::string(row.layout));
  const auto content = files.find(std::string(row.file));
  if (!layout || !content)
    throw BadTemplate("templates/pages/" + std::string(layout ? row.file : row.layout) + ": is missing");
  const auto names = list_variables(row);
  const std::vector<std::string_view> variables(names.begin(), names.end());
  std::string_view script = row.script;
  if (script.empty() && std::ranges::count(row.fields, FieldKind::password, &Field::kind) > 0)
    script = common_script;

  Loaded loaded{
      .row = row, .languages = {}, .policy = script.empty() ? policy_without_script : policy_with_script};
  for (std::size_t i = 0; i < languages_.size(); ++i) {
    const Language& language = languages_[i];
    const auto partials = [&](std::string_view name) -> std::optional<TemplateSource> {
      auto partial = name == "content" ? content : files.find(std::string(name) + ".html");
      if (!partial.has_value()) return std::nullopt;
      return language.apply(std::move(*partial));
    };
    const auto whole = language.apply(*layout);
    Template text(whole.name, whole.text, Markup::html, variables, partials);
    if (i == 0) check_fields(text, row, content->name, language);
    loaded.languages.push_back({std::move(text), common_values(row, options, language, script)});
  }
  const auto [at, is_new] = pages_.emplace(row.file, std::move(loaded));
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
  set_form(values, form, language_of(request));
  auto response = finish(request, find(form.page()), std::move(values), form.status());
  if (form.retry_after() > Seconds(0))
    response.headers.push_back({"Retry-After", std::to_string(form.retry_after().count())});
  response.is_paced = form.is_paced();
  return response;
}

http::Response Pages::render_error(const http::Request& request, const Error& error) const {
  const int status = describe(error.code).status;
  const ErrorPage page = error_page_of(error);
  const Language& language = language_of(request);
  return render(request, page.row,
                {{"title", language.find(page.title)},
                 {"sentence", language.find(page.sentence)},
                 {"again", error.code == ErrorCode::stale_form ? "yes" : ""},
                 {"request_id", request.request_id}},
                status);
}

http::Response Pages::finish(const http::Request& request, const Loaded& page, TemplateValues values,
                             int status) const {
  http::Response response;
  const auto& in_language = page.languages[languages_.choose(request)];
  values.set("root", path_to_root(request));
  response.status = status;
  response.content_type = http::html_type;
  response.body = in_language.text.render(TemplateValues(in_language.common).merge(values));
  response.content_security_policy = page.policy;
  // With no-referrer, browsers send `Origin: null` with every form.
  response.referrer_policy = "same-origin";
  response.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
  response.headers.push_back(
      {"Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self)"});
  if (transport_ == Transport::https)
    response.headers.push_back({"Strict-Transport-Security", std::string(strict_transport)});
  if (const Language* asked = languages_.asked_for(request))
    http::set_cookie(response, Languages::cookie, asked->tag(), language_lives);
  return response;
}

}  // namespace latchkey::web
