#include "flow/signin/relying_party.h"

#include <algorithm>

#include "base/ip_address.h"
#include "settings/url.h"

namespace latchkey::flow::signin {

Result<RelyingParty> relying_party(const Services& services) {
  auto url = settings::parse_url(services.public_url);
  if (!url.has_value() || parse_ip_address(url->host).has_value())
    return Error(ErrorCode::passkeys_unavailable);
  const auto& chosen = services.settings.passkeys;
  RelyingParty party{.id = chosen.rp_id.empty() ? url->host : chosen.rp_id, .origins = {}};
  url->path.clear();
  settings::drop_default_port(*url);  // that of a listener on port 80
  party.origins.push_back(settings::to_string(*url));
  for (const std::string& origin : chosen.origins) {
    if (std::ranges::find(party.origins, origin) == party.origins.end()) party.origins.push_back(origin);
  }
  return party;
}

}  // namespace latchkey::flow::signin
