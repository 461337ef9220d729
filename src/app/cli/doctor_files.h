#pragma once

#include "app/cli/diagnosis.h"
#include "settings/load.h"

namespace latchkey::app::cli {

/// The checks that need no store.
void check_settings(Diagnosis& diagnosis, const settings::Loaded& loaded);
void check_breached_file(Diagnosis& diagnosis, const Settings& settings);
void check_mail_settings(Diagnosis& diagnosis, const Settings& settings);
void check_data_directory(Diagnosis& diagnosis, const Settings& settings);

}  // namespace latchkey::app::cli
