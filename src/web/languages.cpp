#include <fmt/format.h>

#include <algorithm>

#include "http/cookie.h"
#include "http/form.h"
#include "http/language.h"
#include "web/language.h"

namespace latchkey::web {
namespace {

constexpr std::string_view language_folder = "lang/";
constexpr std::string_view ending = ".toml";

/// Both have the same keys, and the same placeholders in each text.
void compare(const Language& other, const Language& first) {
  for (const auto& [key, text] : first.texts()) {
    const auto translated = other.find(key);
    if (translated.empty()) throw BadTemplate(fmt::format("lang/{}.toml: {} is missing", other.tag(), key));
    if (placeholders_of(translated) != placeholders_of(text))
      throw BadTemplate(
          fmt::format("lang/{}.toml: {} has other placeholders than English", other.tag(), key));
  }
  for (const auto& [key, text] : other.texts()) {
    if (first.find(key).empty())
      throw BadTemplate(fmt::format("lang/{}.toml: there is no text {} in English", other.tag(), key));
  }
}

}  // namespace

Languages::Languages(PageFiles& files) {
  for (const std::string& path : files.list(language_folder)) {
    if (!path.ends_with(ending)) continue;
    std::string tag =
        path.substr(language_folder.size(), path.size() - language_folder.size() - ending.size());
    all_.emplace_back(std::move(tag), *files.find(path));
  }
  const auto english = std::ranges::find(all_, first, &Language::tag);
  if (english == all_.end()) throw BadTemplate("lang/en.toml: is missing");
  std::rotate(all_.begin(), english, english + 1);
  for (const Language& other : all_) compare(other, all_.front());
  for (const Language& language : all_) tags_.push_back(language.tag());
}

std::size_t Languages::find(std::string_view tag) const {
  return static_cast<std::size_t>(std::ranges::find(tags_, tag) - tags_.begin());
}

const Language* Languages::asked_for(const http::Request& request) const {
  if (request.query.find("lang=") == request.query.npos) return nullptr;
  const auto query = http::parse_query(request);
  if (query.has_error()) return nullptr;
  const auto place = find(query->find("lang").value_or(""));
  return place < size() ? &all_[place] : nullptr;
}

std::size_t Languages::choose(const http::Request& request) const {
  if (const Language* asked = asked_for(request)) return find(asked->tag());
  if (const auto remembered = http::find_cookie(request, cookie)) {
    const auto place = find(*remembered);
    if (place < size()) return place;
  }
  if (!request.language.empty()) {
    const auto place = http::best_language(request.language, tags_);
    if (place < size()) return place;
  }
  const auto place = http::best_language(request, tags_);
  return place < size() ? place : 0;
}

}  // namespace latchkey::web
