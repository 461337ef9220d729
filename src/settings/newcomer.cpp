#include "settings/newcomer.h"

#include "base/ip_address.h"
#include "settings/url.h"

namespace latchkey::settings {

bool is_for_newcomers(const Settings& settings) {
  if (!settings.mail.smtp_url.empty() || !is_loopback(settings.listen.address)) return false;
  if (settings.public_url.empty()) return true;  // it is the listener's
  const auto url = parse_url(settings.public_url);
  return url.has_value() && is_loopback(url->host);
}

std::filesystem::path mail_folder(const Settings& settings) { return settings.data_dir / "mail"; }

}  // namespace latchkey::settings
