#pragma once

#include <string>
#include <string_view>

namespace latchkey::app {

/// What the start shows to a person at a terminal, and what that follows from.
struct StartText {
  std::string_view version;
  std::string url;  ///< the public one, without a slash behind it
  std::string data_dir;
  bool is_for_newcomers = false;  ///< settings/newcomer.h
  bool is_at_terminal = false;    ///< standard error is one
  bool has_administrator = false;
  std::string first_link_token{};  ///< of the link that makes the first administrator

  bool shows_first_link() const { return is_for_newcomers && is_at_terminal && !has_administrator; }
};

/// Lines for people: where to begin, the documentation, and for newcomers the mailbox and the one-time link.
std::string render(const StartText& text);

}  // namespace latchkey::app
