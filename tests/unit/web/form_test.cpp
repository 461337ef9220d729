#include "web/form.h"

#include <gtest/gtest.h>

#include "base/field_errors.h"
#include "unit/web/fixtures.h"
#include "web/pages.h"

namespace latchkey::web::form_test {
namespace {

using namespace test;

constexpr Field fields[] = {
    {.name = "email",
     .id = "email",
     .label = "E-mail address",
     .kind = FieldKind::email,
     .autocomplete = "username",
     .access = Access::read_only},
    {.name = "nickname", .id = "nickname", .label = "Name", .autocomplete = "nickname"},
    {.name = "new_password",
     .id = "new-password",
     .label = "New password",
     .hint = "8 characters or more",
     .kind = FieldKind::password,
     .autocomplete = "new-password"},
    {.name = "code", .id = "code", .label = "Code", .kind = FieldKind::code, .autocomplete = "one-time-code"},
};
constexpr PageFile page{.file = "test/form.html", .title = "New password", .fields = fields};

class Forms : public testing::Test {
 protected:
  Forms() {
    folder_.write(
        "test/form.html",
        "<h1>{{title}}</h1>\n<form method=\"post\" novalidate>\n{{#email}}{{>form/field}}{{/email}}\n"
        "{{#nickname}}{{>form/field}}{{/nickname}}\n{{#new_password}}{{>form/field}}{{/new_password}}\n"
        "{{#code}}{{>form/field}}{{/code}}\n<button class=\"main\">Save</button>\n</form>\n");
  }
  std::vector<PageFile> rows() const {
    std::vector<PageFile> all(kernel_pages().begin(), kernel_pages().end());
    all.push_back(page);
    return all;
  }
  std::string show(const Form& form) const { return pages().render(RequestFor("/x"), form).body; }
  Pages pages() const { return Pages(rows(), {.folder = folder_.path(), .service = {}}); }

  Folder folder_;
};

http::Form sent(std::initializer_list<std::pair<const char*, const char*>> values) {
  http::Form form;
  for (const auto& [name, value] : values) form.add(name, value);
  return form;
}

TEST_F(Forms, FieldsSayWhatPasswordManagersAndScreenReadersNeed) {
  const std::string html = show(Form(page).keep("email", "ada@example.org"));
  EXPECT_TRUE(has(html, "<label for=\"email\">E-mail address</label>"));
  EXPECT_TRUE(has(
      html,
      "<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" value=\"ada@example.org\" "
      "readonly spellcheck=\"false\" autocapitalize=\"none\" dir=\"ltr\">"));
  EXPECT_TRUE(has(html, "<p class=\"hint\" id=\"new-password-hint\">8 characters or more</p>"));
  EXPECT_TRUE(
      has(html,
          "<input id=\"new-password\" name=\"new_password\" type=\"password\" autocomplete=\"new-password\" "
          "spellcheck=\"false\" autocapitalize=\"none\" aria-describedby=\"new-password-hint\">"));
  EXPECT_TRUE(has(
      html,
      "<input id=\"code\" name=\"code\" type=\"text\" autocomplete=\"one-time-code\" inputmode=\"numeric\""));
  EXPECT_TRUE(has(html, "<title>New password</title>"));
  for (const char* absent :
       {"role=\"alert\"", "autofocus", "aria-invalid", "maxlength", "placeholder", "required"})
    EXPECT_FALSE(has(html, absent)) << absent;
  EXPECT_EQ(Form(page).status(), 200);
}

TEST_F(Forms, AFormThatComesBackSaysFirstWhatIsWrongAndTakesTheFocusThere) {
  FieldErrors errors;
  errors.missing("new_password");
  errors.add("nickname", "string_too_short", "is too short: <3");
  Form form(page);
  form.keep("email", "ada@example.org")
      .keep_sent(sent({{"nickname", "<b>"},
                       {"new_password", "s3cret-typed"},
                       {"code", "12345678"},
                       {"email", "eve@example.org"}}));
  form.refuse(errors.take());
  const auto all = pages();
  const auto response = all.render(RequestFor("/x"), form);
  EXPECT_EQ(response.status, 422);
  const std::string& html = response.body;
  EXPECT_TRUE(has(html, "<title>Error: New password</title>"));
  EXPECT_LT(html.find("role=\"alert\" tabindex=\"-1\" autofocus"), html.find("<h1>"));
  EXPECT_TRUE(has(html, "<li><a href=\"#new-password\">Choose a password</a></li>"));
  EXPECT_TRUE(has(html, "<li><a href=\"#nickname\">Name is too short: &lt;3</a></li>"));
  EXPECT_TRUE(has(html, "<p class=\"error\" id=\"new-password-error\">Choose a password</p>"));
  EXPECT_TRUE(has(html, "aria-describedby=\"new-password-hint new-password-error\" aria-invalid=\"true\">"));
  EXPECT_TRUE(has(html, "value=\"&lt;b&gt;\"")) << "what was typed stands there again";
  EXPECT_TRUE(has(html, "value=\"ada@example.org\"")) << "what nobody types into is ours";
  EXPECT_FALSE(has(html, "s3cret-typed"));
  EXPECT_FALSE(has(html, "12345678"));
}

TEST_F(Forms, AnErrorOfNoFieldStandsAboveTheForm) {
  Form form(page);
  form.refuse(Error(ErrorCode::overloaded));
  EXPECT_EQ(form.status(), 503);
  EXPECT_TRUE(has(show(form), "<li>The server is busy. Try again in a moment</li>"));
  Form other(page);
  other.refuse(invalid_field("body", "elsewhere", "value_error", "Input should be smaller"));
  EXPECT_TRUE(has(show(other), "<li>Input should be smaller</li>"));
}

TEST_F(Forms, PasswordsAndCodesAreNeverKept) {
  EXPECT_THROW(Form(page).keep("new_password", "x"), std::logic_error);
  EXPECT_THROW(Form(page).keep("code", "1"), std::logic_error);
  EXPECT_THROW(Form(page).keep("unknown", "1"), std::logic_error);
}

TEST_F(Forms, APageWithAPasswordHasTheScriptThatShowsIt) {
  const auto all = pages();
  const auto response = all.render(RequestFor("/x"), Form(page));
  EXPECT_TRUE(has(response.body, "<script type=\"module\" src=\"./assets/latchkey."));
  EXPECT_TRUE(has(response.body,
                  "data-shows=\"new-password\" data-hide=\"Hide\" aria-controls=\"new-password\" "
                  "aria-pressed=\"false\" hidden"));
  EXPECT_TRUE(has(response.content_security_policy, "script-src 'self'; connect-src 'self'"));
}

TEST_F(Forms, ATemplateThatLeavesAFieldOutIsRefused) {
  folder_.write("test/form.html", "<h1>{{title}}</h1>{{#email}}{{>form/field}}{{/email}}");
  try {
    const auto refused = pages();
    ADD_FAILURE();
  } catch (const BadTemplate& error) {
    EXPECT_TRUE(has(error.what(), "form.html: has no field \"nickname\"")) << error.what();
  }
}

}  // namespace
}  // namespace latchkey::web::form_test
