#pragma once

#include <string>
#include <string_view>

namespace latchkey::flow::accounts {

/// What a client is, in words for its owner: "Firefox on Linux", "curl", "an unknown client". Knows the
/// common families by the words that they put into their `User-Agent`, which anybody may send: a hint, and no
/// proof. Nothing of the header itself is in the answer.
std::string describe_client(std::string_view user_agent);

}  // namespace latchkey::flow::accounts
