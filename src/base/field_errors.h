#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace latchkey {

/// Collects what is wrong with the members of a request, so that the client learns all of it at once.
class FieldErrors {
 public:
  /// `where` is the part of the request that the members stand in: "body", "query" or "path".
  explicit FieldErrors(std::string_view where = "body") : path_{std::string(where)} {}

  void add(std::string_view field, std::string_view type, std::string message);
  void missing(std::string_view field) { add(field, "missing", "Field required"); }

  /// The members of a nested object or list are reported under its name until `leave`.
  void enter(std::string_view name) { path_.emplace_back(name); }
  void leave() { path_.pop_back(); }

  bool empty() const { return fields_.empty(); }
  /// validation_failed with everything that was added; its sentence names the first member. Only when
  /// something was added.
  Error take();

 private:
  std::vector<std::string> path_;
  std::vector<FieldError> fields_;
};

/// A validation error about one member.
Error invalid_field(std::string_view where, std::string_view field, std::string_view type,
                    std::string message);

}  // namespace latchkey
