#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/form.h"
#include "web/page_file.h"

namespace latchkey::web {

/// What stands in a page's form when it is shown: the values of its fields and, when it comes back, what was
/// wrong with them. It never holds what a person typed into a password or code field.
class Form {
 public:
  /// An empty form of `page`, whose fields must outlive it.
  explicit Form(const PageFile& page) : page_(page) {}

  /// Shows `value` in a field. Throws std::logic_error for a field that the page does not have or whose kind
  /// may not be shown.
  Form& keep(std::string_view field, std::string value);

  /// Keeps what was sent, except for passwords, codes and fields that nobody types into.
  Form& keep_sent(const http::Form& sent);
  /// The same of the form that a request carries; nothing of one that can not be read.
  Form& keep_sent(const http::Request& request);

  /// The form comes back because of `error`: with 422 and a sentence at each wrong field, or, when the error
  /// is about no field of the page, with the status and the sentence of the catalogue above the form.
  Form& refuse(const Error& error);
  /// The same, and the sentence stands at that field, which the error itself does not name.
  Form& refuse_at(std::string_view field, const Error& error);

  /// Of the answer: 200 until something was refused.
  int status() const { return status_; }
  /// Sent as Retry-After when positive.
  Seconds retry_after() const { return retry_after_; }
  /// Whether it refuses for asking too much (http::Response::is_paced).
  bool is_paced() const { return is_paced_; }
  const PageFile& page() const { return page_; }

  std::string_view value(std::string_view field) const;

  /// Something that is wrong, in no language yet: the pages say it in that of the request.
  struct Problem {
    const Field* field = nullptr;  ///< nullptr: wrong with no single field
    FieldError wrong{};            ///< of a member; empty type: `refusal` says it
    Error refusal{};
  };
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  void take_status(const Error& error);

  const PageFile& page_;
  int status_ = 200;
  Seconds retry_after_{0};
  bool is_paced_ = false;
  std::map<std::string, std::string, std::less<>> values_;
  std::vector<Problem> problems_;
};

}  // namespace latchkey::web
