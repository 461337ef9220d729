#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

/// JSON Schema (as OpenAPI 3.1 uses it) in HTML: a phrase for the type, a list for the members.
namespace latchkey::features::documents {

/// The string at `key`, or nothing. `value` need not be an object.
std::string_view text_at(const boost::json::value& value, std::string_view key);
/// The value at `key` when it is there, else null. `value` need not be an object.
const boost::json::value& value_at(const boost::json::value& value, std::string_view key);

/// Follows one `$ref` inside `document` (`#/components/…`); gives back `value` when it has none that leads
/// somewhere.
const boost::json::value& resolve(const boost::json::value& document, const boost::json::value& value);

/// Such as `string (email), 3 to 50 characters`, `array of <a>Session</a>`. Named schemas become links to
/// `#schema-NAME`.
void append_type(std::string& out, const boost::json::value& schema);

/// The members of an object, nested ones inside; nothing for what has none.
void append_members(std::string& out, const boost::json::value& schema);

/// Paragraphs, with `code` between back-ticks.
void append_prose(std::string& out, std::string_view text);

/// A value as code.
void append_code(std::string& out, std::string_view text);

}  // namespace latchkey::features::documents
