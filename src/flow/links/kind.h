#pragma once

#include <string_view>

#include "base/time.h"
#include "crypto/jose/link_token.h"
#include "crypto/keyring.h"
#include "settings/settings.h"

namespace latchkey::flow::links {

/// One purpose of links and codes in mails, such as setting a new password. A constant of the feature that
/// sends the mails; its key is one line in crypto/keyring.
struct Kind {
  std::string_view purpose;           ///< in `mail_codes` and in the code itself: for ever
  crypto::jose::LinkTokenForm token;  ///< its `typ` is of this kind alone
  crypto::KeyUse key;
  Microseconds (*ttl)(const Settings&);  ///< of the link; codes live for accounts.code_ttl
};

}  // namespace latchkey::flow::links
