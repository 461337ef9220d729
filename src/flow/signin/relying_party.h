#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "flow/services.h"

namespace latchkey::flow::signin {

/// Whom passkeys are made for (WebAuthn §4, "relying party").
struct RelyingParty {
  std::string id;                    ///< a domain, such as `example.org`
  std::vector<std::string> origins;  ///< of the pages that may ask for passkeys, that of `public_url` first
};

/// As `public_url` and the settings have it. Refuses with passkeys_unavailable where `public_url` has an IP
/// address: browsers make no passkeys for one.
Result<RelyingParty> relying_party(const Services& services);

}  // namespace latchkey::flow::signin
