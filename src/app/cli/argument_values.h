// The values of arguments that several commands take, read from their texts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli/command.h"

namespace latchkey::app::cli {

/// What is wrong with arguments that CLI11 can not judge. `parse` catches it.
struct Misuse {
  std::string sentence;
};

/// Digits only are an id, and a text with an @ is an address; anything else names nobody.
std::optional<UserName> parse_user_name(std::string_view text);

// Each throws Misuse when the text is none.
Role read_role(const std::string& text);
/// The id that another service gave an account: it stays the same for clients that have kept it. Empty: none
/// was given.
std::optional<UserId> read_new_id(const std::string& text);
UserName read_user(const std::string& text);
/// The path of a backup. `text` is as CLI11 was given it, with its mark (arguments.h).
std::filesystem::path read_file(const std::string& text);
/// The path of a list of passwords, which may be a pipe. `text`: as above.
std::filesystem::path read_list(const std::string& text);

}  // namespace latchkey::app::cli
