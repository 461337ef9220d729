#pragma once

#include <filesystem>

#include "settings/settings.h"

namespace latchkey::settings {

/// Whether somebody is trying Latchkey on their own machine: no mail server is set, and only this machine can
/// reach the listener and the public URL. Then links stand in the log, and there are pages for newcomers.
bool is_for_newcomers(const Settings& settings);

/// Where mails are written to while no mail server is set.
std::filesystem::path mail_folder(const Settings& settings);

}  // namespace latchkey::settings
