#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/time.h"

namespace latchkey::mail {

inline constexpr std::string_view file_suffix = ".eml";

/// What the file of a mail is called: `<time>-<id>.eml`. Names sort by time, whatever the clock of the
/// reader.
std::string make_file_name(Timestamp written_at, const LinkId& id);

/// When the mail was written. Nothing for a name that `make_file_name` does not make, so that a name that is
/// taken is always one file of the folder itself.
std::optional<Timestamp> read_file_name(std::string_view name);

}  // namespace latchkey::mail
