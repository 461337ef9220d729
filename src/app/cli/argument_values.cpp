#include "app/cli/argument_values.h"

#include <charconv>

#include "app/cli/arguments.h"
#include "settings/sentence.h"

namespace latchkey::app::cli {

Role read_role(const std::string& text) {
  const auto role = parse_role(text);
  if (!role.has_value()) throw Misuse{"a role is user, moderator or admin, not " + settings::quote(text)};
  return *role;
}

std::optional<UserId> read_new_id(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto name = parse_user_name(text);
  const auto* id = name.has_value() ? std::get_if<UserId>(&*name) : nullptr;
  // New accounts get the next id after the largest: there must be room for them below 2^53, up to which every
  // client reads a JSON number exactly (RFC 8259 §6).
  constexpr std::int64_t largest = (std::int64_t{1} << 52) - 1;
  if (id == nullptr || id->value < 1 || id->value > largest)
    throw Misuse{"an id is a whole number from 1 to " + std::to_string(largest) + ", not " +
                 settings::quote(text)};
  return *id;
}

UserName read_user(const std::string& text) {
  auto name = parse_user_name(text);
  if (!name.has_value())
    throw Misuse{"a user is named by id or by e-mail address, not " + settings::quote(text)};
  return std::move(*name);
}

namespace {

std::filesystem::path read_path(const std::string& text, const std::string& name, std::string_view instead) {
  // An option that does not exist is likelier than such a file.
  if (is_marked(text)) {
    const std::string file = without_mark(text);
    throw Misuse{"unknown option " + settings::quote(file) + "; for a file of that name write ./" + file};
  }
  if (text == "-") throw Misuse{std::string(instead) + "; a file of the name - is ./-"};
  if (text.empty() || text.find('\0') != std::string::npos)
    throw Misuse{name + " must be the path of a file"};
  return text;
}

}  // namespace

std::filesystem::path read_file(const std::string& text) {
  return read_path(text, "FILE", "a backup is a file and not a stream: give FILE a name");
}
std::filesystem::path read_list(const std::string& text) {
  return read_path(text, "LIST", "for standard input write /dev/stdin");
}

std::optional<UserName> parse_user_name(std::string_view text) {
  UserId id;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id.value);
  if (error == std::errc{} && stopped == end && id.value > 0) return id;
  if (text.find('@') != std::string_view::npos) return std::string(text);
  return std::nullopt;
}

}  // namespace latchkey::app::cli
