#include "web/form_words.h"

#include <algorithm>

namespace latchkey::web {
namespace {

/// As keys of the catalogue are written.
std::string key_part(std::string_view text) {
  std::string key(text);
  std::ranges::replace_if(
      key, [](char c) { return c == '.' || c == '-'; }, '_');
  return key;
}

/// The bound that a message names, such as 8 in "must have at least 8 characters".
std::string_view number_in(std::string_view message) {
  constexpr std::string_view digits = "0123456789";
  const auto begin = message.find_first_of(digits);
  if (begin == message.npos) return {};
  return message.substr(begin, message.find_first_not_of(digits, begin) - begin);
}

/// Messages that begin with a small letter ("is too easy to guess") go on from the name of their field.
std::string english_words(std::string_view label, const FieldError& wrong) {
  const bool goes_on = !label.empty() && !wrong.msg.empty() && wrong.msg[0] >= 'a' && wrong.msg[0] <= 'z';
  return goes_on ? std::string(label) + " " + wrong.msg : wrong.msg;
}

std::string words_of_member(const Form::Problem& problem, const Language& language) {
  const std::string_view label =
      problem.field == nullptr ? std::string_view() : language.resolve(problem.field->label);
  const std::string type = key_part(problem.wrong.type);
  std::string key = "problem.";
  if (problem.field != nullptr) key += key_part(problem.field->id) + "_" + type;
  if (language.find(key).empty()) key = "problem." + type;
  if (problem.field == nullptr || language.find(key).empty()) return english_words(label, problem.wrong);
  const Language::Value values[] = {{"label", label}, {"count", number_in(problem.wrong.msg)}};
  return language.fill(key, values);
}

}  // namespace

std::string sentence_of(const Form::Problem& problem, const Language& language) {
  if (!problem.wrong.type.empty()) return words_of_member(problem, language);
  const ErrorInfo& info = describe(problem.refusal.code);
  std::string_view text;
  if (problem.field != nullptr)
    text = language.find("refusal." + key_part(problem.field->id) + "_" + std::string(info.code));
  if (text.empty()) text = language.find("refusal." + std::string(info.code));
  if (!text.empty()) return std::string(text);
  return problem.refusal.detail.empty() ? std::string(info.detail) : problem.refusal.detail;
}

}  // namespace latchkey::web
