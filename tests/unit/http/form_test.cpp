#include "http/form.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::http {
namespace {

/// `a=1|b=` for a form, the code of a refusal else.
std::string show(const Result<Form>& form) {
  if (form.has_error()) return std::string(describe(form.error().code).code);
  std::string out;
  for (const FormField& field : form->fields())
    out += (out.empty() ? "" : "|") + field.name + "=" + field.value;
  return out;
}

TEST(HttpForm, ReadsUrlencodedPairsInOrder) {
  EXPECT_EQ(show(parse_urlencoded("username=user%40example.com&password=a+b%2Bc")),
            "username=user@example.com|password=a b+c");
  EXPECT_EQ(show(parse_urlencoded("a&b=&=c&&d=x=y&")), "a=|b=|=c|d=x=y");
  EXPECT_EQ(show(parse_urlencoded("")), "");
  EXPECT_EQ(show(parse_urlencoded("p=%E2%82%AC\xE2\x82\xAC")), "p=\xE2\x82\xAC\xE2\x82\xAC");
  EXPECT_EQ(show(parse_urlencoded("p=%2525")), "p=%25");
}

TEST(HttpForm, J04RefusesBadUrlencoding) {
  for (const char* text : {"a=%", "a=%4", "a=%zz", "a=%ff%fe", "a=%c0%80", "a=%ed%a0%80", "a=\xff", "a=b\n",
                           "%=a", "a=%00", "a=b\r\n"})
    EXPECT_EQ(show(parse_urlencoded(text)), "malformed_form") << text;
}

TEST(HttpForm, BoundsTheNumberOfFields) {
  std::string text;
  for (std::size_t i = 0; i < max_form_fields; ++i) text += "a=1&";
  EXPECT_EQ(parse_urlencoded(text)->fields().size(), max_form_fields);
  EXPECT_EQ(show(parse_urlencoded(text + "a=1")), "malformed_form");
}

TEST(HttpForm, H22TellsRepeatedNames) {
  Result<Form> form = parse_urlencoded("email=a&email=b&x=1");
  EXPECT_TRUE(form->has_repeats());
  EXPECT_EQ(form->count("email"), 2U);
  EXPECT_EQ(form->single("email").error().code, ErrorCode::repeated_parameter);
  EXPECT_EQ(*form->single("x"), "1");
  EXPECT_EQ(*form->single("y"), std::nullopt);
  EXPECT_FALSE(parse_urlencoded("email=a&Email=b")->has_repeats());
}

TEST(HttpForm, OutlivesItsMove) {
  Form from = std::move(*parse_urlencoded("password=a-secret-that-is-long-enough-to-be-on-the-heap&u=short"));
  Form form;
  form.add("old", "value");
  form = std::move(from);
  EXPECT_EQ(*form.single("u"), "short");
  EXPECT_EQ(*form.single("old"), std::nullopt);
}

const char* const good =
    "--XX\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nuser@example.com\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"password\"\r\nContent-Type: text/plain; "
    "charset=UTF-8\r\n\r\n"
    "two\r\nlines\r\n--XX--\r\n";

TEST(HttpMultipart, ReadsTextFieldsInOrder) {
  EXPECT_EQ(show(parse_multipart(good, "XX")), "username=user@example.com|password=two\r\nlines");
  EXPECT_EQ(show(parse_multipart("--b\r\ncontent-disposition:form-data;name=a\r\n\r\n\r\n--b--", "b")), "a=");
  EXPECT_EQ(show(parse_multipart("--b--\r\n", "b")), "");
}

std::string one_part(std::string_view head, std::string_view value = "v",
                     std::string_view end = "\r\n--b--\r\n") {
  return "--b\r\n" + std::string(head) + "\r\n\r\n" + std::string(value) + std::string(end);
}

TEST(HttpMultipart, RefusesEverythingThatIsNotAPlainTextField) {
  const std::string field = "Content-Disposition: form-data; name=\"a\"";
  EXPECT_EQ(show(parse_multipart(one_part(field), "b")), "a=v");
  for (const std::string& body : {
           one_part(field + "; filename=\"x.txt\""),
           one_part(field + "; filename*=UTF-8''x"),
           one_part("Content-Disposition: form-data; name=\"a\\\"b\""),
           one_part("Content-Disposition: form-data; name=\"\""),
           one_part("Content-Disposition: form-data"),
           one_part("Content-Disposition: attachment; name=\"a\""),
           one_part("Content-Type: text/plain"),
           one_part(field + "\r\n" + field),
           one_part(field + "\r\nContent-Type: application/octet-stream"),
           one_part(field + "\r\nContent-Type: text/plain; charset=utf-16"),
           one_part(field + "\r\nContent-Transfer-Encoding: base64"),
           one_part(field + "\r\nX-Other: 1"),
           one_part(field + "\r\nno colon"),
           one_part(field, "\xff"),
           one_part(field, std::string_view("v\0w", 3)),
           one_part(field, "v", ""),
           one_part(field, "v", "\r\n--b"),
           one_part(field, "v", "\r\n--b-"),
           one_part(field, "v", "\r\n--bX"),
           one_part(field, "v", "\r\n--b--\r\nepilogue"),
           one_part(field, "v", "\n--b--\n"),
           "preamble\r\n" + one_part(field),
           std::string("--b\r\n"),
           std::string("--b"),
           std::string(),
       })
    EXPECT_EQ(show(parse_multipart(body, "b")), "malformed_form") << body;
}

TEST(HttpMultipart, F06TakesCharsetsOfPartsAsFarAsTheyMeanTheSame) {
  const std::string field =
      "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain; charset=";
  for (const char* label : {"ISO-8859-1", "US-ASCII", "windows-1252", "utf8", "\"UTF-8\""})
    EXPECT_EQ(show(parse_multipart(one_part(field + label), "b")), "a=v") << label;
  for (const char* label : {"utf8", "UTF-8"})
    EXPECT_EQ(show(parse_multipart(one_part(field + label, "\xc3\xa9"), "b")), "a=\xc3\xa9") << label;
  // In ISO-8859-1 these bytes are two letters, in UTF-8 one: neither is taken for what was meant.
  for (const char* label : {"ISO-8859-1", "US-ASCII", "GBK"}) {
    EXPECT_EQ(show(parse_multipart(one_part(field + label, "\xc3\xa9"), "b")), "malformed_form") << label;
    EXPECT_EQ(show(parse_multipart(one_part(field + label, "\xe9"), "b")), "malformed_form") << label;
  }
  for (const char* label : {"utf-16", "utf-32", "utf-7", "ibm037", "iso-2022-jp", "unheard-of", "\"\""})
    EXPECT_EQ(show(parse_multipart(one_part(field + label), "b")), "malformed_form") << label;
  EXPECT_EQ(show(parse_multipart(one_part(field + "us-ascii\r\nContent-Type: text/plain"), "b")),
            "malformed_form");
}

/// As Apache's HttpClient 4 and 5 write their parts.
TEST(HttpMultipart, F06ReadsTheFormsOfApacheHttpClient) {
  const std::string four =
      "--x\r\nContent-Disposition: form-data; name=\"username\"\r\nContent-Type: text/plain; "
      "charset=ISO-8859-1\r\n"
      "Content-Transfer-Encoding: 8bit\r\n\r\na@example.com\r\n--x--\r\n";
  const std::string five =
      "--x\r\nContent-Disposition: form-data; name=\"username\"\r\nContent-Type: text/plain; "
      "charset=ISO-8859-1\r\n\r\na@example.com\r\n--x--\r\n";
  EXPECT_EQ(show(parse_multipart(four, "x")), "username=a@example.com");
  EXPECT_EQ(show(parse_multipart(five, "x")), "username=a@example.com");
}

TEST(HttpMultipart, RefusesBadBoundaries) {
  EXPECT_EQ(show(parse_multipart(good, "")), "malformed_form");
  EXPECT_EQ(show(parse_multipart(good, "XX ")), "malformed_form");
  EXPECT_EQ(show(parse_multipart(good, "X\r\nX")), "malformed_form");
  EXPECT_EQ(show(parse_multipart(good, std::string(71, 'X'))), "malformed_form");
}

TEST(HttpMultipart, BoundsTheNumberOfParts) {
  std::string body;
  for (std::size_t i = 0; i < max_form_fields; ++i)
    body += "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
  EXPECT_EQ(parse_multipart(body + "--b--", "b")->fields().size(), max_form_fields);
  EXPECT_EQ(
      show(parse_multipart(body + "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--", "b")),
      "malformed_form");
}

TEST(HttpForm, ChoosesTheParserByContentType) {
  std::vector<HeaderView> headers{{"content-type", "multipart/form-data; boundary=\"XX\""}};
  Request request;
  request.headers = headers;
  request.body = good;
  EXPECT_EQ(parse_form(request)->fields().size(), 2U);
  headers[0].value = "multipart/form-data";
  EXPECT_EQ(show(parse_form(request)), "malformed_form");
  headers[0].value = "application/x-www-form-urlencoded; charset=UTF-8";
  request.body = "a=b";
  EXPECT_EQ(show(parse_form(request)), "a=b");
  headers[0].value = "application/x-www-form-urlencoded; charset=ISO-8859-1";
  request.body = "a=%C3%A9";  // UTF-8 whatever the label says
  EXPECT_EQ(show(parse_form(request)), "a=\xc3\xa9");
  request.body = "a=%E9";
  EXPECT_EQ(show(parse_form(request)), "malformed_form");
  headers[0].value = "text/plain";
  EXPECT_EQ(show(parse_form(request)), "unsupported_media_type");
  request.body = {};
  EXPECT_EQ(show(parse_form(request)), "");
  request.query = "is_active=false";
  EXPECT_EQ(show(parse_query(request)), "is_active=false");
}

}  // namespace
}  // namespace latchkey::http
