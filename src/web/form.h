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

  /// The form comes back because of `error`: with 422 and a sentence at each wrong field, or, when the error
  /// is about no field of the page, with the status and the sentence of the catalogue above the form.
  Form& refuse(const Error& error);

  /// Of the answer: 200 until something was refused.
  int status() const { return status_; }
  const PageFile& page() const { return page_; }

  std::string_view value(std::string_view field) const;
  /// What is wrong with a field; empty when nothing is.
  std::string_view problem(std::string_view field) const;
  /// What is wrong with no single field.
  const std::vector<std::string>& other_problems() const { return other_problems_; }

 private:
  const PageFile& page_;
  int status_ = 200;
  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> problems_;
  std::vector<std::string> other_problems_;
};

}  // namespace latchkey::web
