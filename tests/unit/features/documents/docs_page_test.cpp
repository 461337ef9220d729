#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "features/documents/docs_page.h"
#include "features/documents/docs_schema.h"
#include "web/frame.h"

namespace latchkey::features::documents {
namespace {

namespace json = boost::json;

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string type_of(std::string_view schema) {
  std::string out;
  append_type(out, json::parse(schema));
  return out;
}

TEST(DocsSchema, TypesReadAsPhrases) {
  const struct {
    const char* schema;
    const char* phrase;
  } cases[] = {
      {R"({"type":"string"})", "string"},
      {R"({"type":["string","null"]})", "string or null"},
      {R"({"type":"string","format":"email"})", "string (email)"},
      {R"({"type":"string","minLength":3,"maxLength":50})", "string, 3 to 50 characters"},
      {R"({"type":"integer","minimum":1})", "integer, 1 or more"},
      {R"({"type":"integer","maximum":9,"default":5})", "integer, up to 9, by default <code>5</code>"},
      {R"({"type":"array","items":{"type":"string"}})", "array of string"},
      {R"({"$ref":"#/components/schemas/User"})", "<a href=\"#schema-User\"><code>User</code></a>"},
      {R"({"enum":["admin","user",null]})", "<code>admin</code>, <code>user</code>, <code>null</code>"},
      {R"({"const":"bearer"})", "<code>bearer</code>"},
      {R"({"oneOf":[{"type":"string"},{"type":"null"}]})", "string or null"},
      {R"({"type":"string","pattern":"<x>"})", "string, pattern <code>&lt;x&gt;</code>"},
      {R"({})", "any value"},
      {R"(true)", "any value"},
      {R"("odd")", "any value"},
      {R"({"type":7})", "any value"},
  };
  for (const auto& [schema, phrase] : cases) EXPECT_EQ(type_of(schema), phrase) << schema;
}

TEST(DocsSchema, DeepNestingEnds) {
  std::string schema = R"({"type":"string"})";
  for (int i = 0; i < 25; ++i) schema = R"({"type":"array","items":)" + schema + "}";
  EXPECT_TRUE(type_of(schema).ends_with("array of ?"));
}

constexpr std::string_view document = R"({
  "openapi": "3.1.0",
  "info": {"title": "Latch <key>", "version": "1.2", "description": "First `code` here.\n\nSecond & last."},
  "paths": {
    "/api/auth/login": {
      "parameters": [{"$ref": "#/components/parameters/Trace"}],
      "post": {"tags": ["auth"], "summary": "Sign in", "description": "With <b>care</b>.",
        "parameters": [{"name": "x<", "in": "query", "required": true, "schema": {"type": "boolean"}, "description": "What for"}],
        "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["a"],
          "properties": {"a": {"type": "string", "description": "the <a>"}, "b": {"$ref": "#/components/schemas/User"}}}}}},
        "responses": {"200": {"description": "Fine", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}},
                      "401": {"$ref": "#/components/responses/Problem"}}}
    },
    "/healthz": {"get": {"responses": {}}, "delete": {"security": [{"bearer": []}, {}], "deprecated": true}}
  },
  "components": {
    "parameters": {"Trace": {"name": "trace", "in": "header", "schema": {"type": "string"}}},
    "responses": {"Problem": {"description": "A problem", "content": {"application/problem+json": {"schema": {"type": "object"}}}}},
    "schemas": {"User": {"type": "object", "description": "Who", "required": ["id"],
      "properties": {"id": {"type": "integer"}, "friends": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}}}}
  }
})";

TEST(DocsPage, ShowsEveryPartOfTheDocument) {
  const web::Page page = render_docs_page(json::parse(document));
  for (const char* part : {"<title>Latch &lt;key&gt;</title>",
                           "Version 1.2",
                           "<p>First <code>code</code> here.</p>",
                           "<p>Second &amp; last.</p>",
                           "<h2>auth</h2>",
                           "<h2>Operations</h2>",
                           "<a href=\"#operation-0\"><code>/api/auth/login</code></a> Sign in",
                           "<article id=\"operation-0\">",
                           "<span class=\"method\">POST</span> <code>/api/auth/login</code>",
                           "With &lt;b&gt;care&lt;/b&gt;.",
                           "<code>trace</code></th><td>header</td>",
                           "<code>x&lt;</code></th><td>query</td><td>boolean",
                           "<code>a</code>: string",
                           "the &lt;a&gt;",
                           "(optional)",
                           "<code>application/json</code>",
                           "<code>401</code>",
                           "A problem",
                           "<code>application/problem+json</code>",
                           "<article id=\"schema-User\">",
                           "<code>id</code>: integer",
                           "array of <a href=\"#schema-User\">",
                           "<code>bearer</code>",
                           "Deprecated",
                           "<span class=\"method\">DELETE</span>"}) {
    EXPECT_TRUE(has(page.body, part)) << part;
  }
  EXPECT_FALSE(has(page.body, "<script"));
  EXPECT_FALSE(has(page.body, "//"));
  const auto start = page.body.find("<style>") + 7;
  EXPECT_EQ(page.content_security_policy,
            web::make_policy(page.body.substr(start, page.body.find("</style>") - start), web::Forms::none));
}

TEST(DocsPage, TakesOddDocuments) {
  for (
      const char* odd :
      {"null", "[]", "{}", R"({"paths":[]})", R"({"paths":{"/x":null}})", R"({"paths":{"/x":{"get":{}}}})",
       R"({"paths":{"/x":{"get":{"tags":[],"parameters":{},"responses":[],"requestBody":{"$ref":"#/components/x"}}}}})",
       R"({"paths":{"/x":{"get":{"parameters":[7,null,{"$ref":"nowhere"}],"security":[7]}}}})",
       R"({"components":{"schemas":{"A":true,"B":{"properties":{"x":7}}}}})"}) {
    EXPECT_TRUE(render_docs_page(json::parse(odd)).body.ends_with("</html>\n")) << odd;
  }
}

}  // namespace
}  // namespace latchkey::features::documents
