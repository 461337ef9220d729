// The URL of a PostgreSQL as libpq reads it, as text. It holds a password, and when a character of that is
// not percent-encoded, libpq takes a piece of the password for a host, a port or a database, and names it in
// its messages: so such a URL is refused here, by words of ours.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.h"

namespace latchkey::db::postgres {

/// The pieces of a URL that begins with a scheme and `://`, as libpq tells them apart; views into it.
struct UrlParts {
  std::string_view user_information;  ///< up to the first `@`, if no `/` stands before it
  std::string_view place;             ///< hosts, ports and the database
  std::optional<std::string_view> query;
};
UrlParts split_url(std::string_view url);

/// Why pieces of the URL can be in the wrong place, with how to write it, as the end of a sentence that
/// quotes nothing of it; nothing when they are where they belong.
std::optional<std::string> find_misplaced_pieces(std::string_view url);

/// Which characters have to be percent-encoded, as a sentence that begins in lower case.
std::string_view how_to_encode();

/// Whether the URL has a password, as user information or as a parameter.
bool holds_password(std::string_view url);

/// The URL with the parameters that it lacks. Names and values are percent-encoded already.
Secret with_parameters(const Secret& url,
                       std::span<const std::pair<std::string_view, std::string_view>> parameters);

}  // namespace latchkey::db::postgres
