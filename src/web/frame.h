#pragma once

#include <string>
#include <string_view>

/// What all our pages are made of.
namespace latchkey::web {

/// A file of templates/pages/, as the build put it into the program. One that is not there is a bug: aborts
/// by an exception that the tests would have met.
std::string_view find_page_file(std::string_view path);

/// May forms be sent, and where to?
enum class Forms { none, own_host };

/// Nothing may be loaded or run but the one style sheet that stands in the page, named by its hash (CSP Level
/// 3 §2.3.1); nobody may frame it, and no `<base>` can move its links.
std::string make_policy(std::string_view style, Forms forms);

}  // namespace latchkey::web
