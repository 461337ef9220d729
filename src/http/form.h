#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace latchkey::http {

struct FormField {
  std::string name;
  std::string value;
};

/// Names and values in the order sent. It may hold a password, so it overwrites its memory when it goes.
class Form {
 public:
  Form() = default;
  Form(Form&& other) noexcept = default;
  Form& operator=(Form&& other) noexcept;
  Form(const Form&) = delete;
  Form& operator=(const Form&) = delete;
  ~Form();

  /// Makes room first, so that no half-moved copy of a value stays behind.
  void add(std::string name, std::string value);

  std::size_t count(std::string_view name) const;
  /// The value of the only field of that name, nothing when there is none, `repeated_parameter` when there
  /// are several.
  Result<std::optional<std::string_view>> single(std::string_view name) const;
  /// The value of the first field of that name. It lives as long as the form.
  std::optional<std::string_view> find(std::string_view name) const;
  /// Whether any name occurs twice (security case H22).
  bool has_repeats() const;

  const std::vector<FormField>& fields() const { return fields_; }

 private:
  void wipe_all();

  std::vector<FormField> fields_;
};

inline constexpr std::string_view urlencoded_type = "application/x-www-form-urlencoded";
inline constexpr std::string_view multipart_type = "multipart/form-data";

/// More fields than this are `malformed_form`.
inline constexpr std::size_t max_form_fields = 100;

/// Parses `application/x-www-form-urlencoded` (WHATWG URL §5.1), of a body or a query, strictly: a `%`
/// without two hexadecimal digits, a raw control character, bytes that are not UTF-8 after decoding, or too
/// many fields are `malformed_form`. Empty pieces between `&` are skipped; a piece without `=` has an empty
/// value.
Result<Form> parse_urlencoded(std::string_view text);

/// Parses `multipart/form-data` (RFC 7578) in memory, strictly: text fields only. A file (`filename`), a part
/// with another type than text/plain, a transfer encoding, a missing name or closing boundary, anything that
/// is not UTF-8, or too many fields are `malformed_form`. So is a part whose charset is not UTF-8, unless the
/// charset is a superset of ASCII and the value is ASCII, where both readings are the same: to a part the
/// label does matter (RFC 7578 §5.1.2).
Result<Form> parse_multipart(std::string_view body, std::string_view boundary);

/// The body of a request to a route with BodyKind::form, by its Content-Type; an empty body is an empty form.
Result<Form> parse_form(const Request& request);

/// The query of a request.
Result<Form> parse_query(const Request& request);

}  // namespace latchkey::http
