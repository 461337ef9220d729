#include "web/pages.h"

#include <array>

#include "base/template.h"
#include "web/frame.h"

namespace latchkey::web {
namespace {

constexpr std::array<std::string_view, 4> variables{"title", "username", "reject_path", "sentence"};

void include(std::string& text, std::string_view tag, std::string_view body) {
  const auto at = text.find(tag);
  text.replace(at, tag.size(), body);
}

Template load(std::string_view file) {
  std::string text(find_page_file("layout.html"));
  include(text, "{{>style}}", find_page_file("style.css"));
  include(text, "{{>content}}", find_page_file(file));
  return Template(file, text, Markup::html, variables);
}

Page finish(std::string body) {
  static const std::string policy = make_policy(find_page_file("style.css"), Forms::own_host);
  return {std::move(body), policy};
}

}  // namespace

Page render_confirm_page(std::string_view username, std::string_view reject_path) {
  static const Template page = load("confirm.html");
  return finish(page.render(
      {{"title", "Confirm your e-mail address"}, {"username", username}, {"reject_path", reject_path}}));
}

Page render_confirmed_page() {
  static const Template page = load("confirmed.html");
  return finish(page.render({{"title", "E-mail address confirmed"}}));
}

Page render_already_confirmed_page() {
  static const Template page = load("already_confirmed.html");
  return finish(page.render({{"title", "This address is already confirmed"}}));
}

Page render_reject_page(std::string_view username) {
  static const Template page = load("reject.html");
  return finish(page.render({{"title", "Was this not you?"}, {"username", username}}));
}

Page render_removed_page() {
  static const Template page = load("removed.html");
  return finish(page.render({{"title", "Account removed"}}));
}

Page render_bad_link_page() {
  static const Template page = load("bad_link.html");
  return finish(page.render({{"title", "This link does not work"}}));
}

Page render_error_page(std::string_view title, std::string_view sentence) {
  static const Template page = load("error.html");
  return finish(page.render({{"title", title}, {"sentence", sentence}}));
}

}  // namespace latchkey::web
