#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "crypto/keyring.h"
#include "settings/settings.h"
#include "store/users.h"

/// What a feature says of a kind of mail that it sends: a row of `Feature::mails`. Its words are the files
/// `subject.txt`, `body.txt` and `body.html` in templates/mail/<name>/.
namespace latchkey::mail {

/// A text for a template. The name is that of a variable.
struct Value {
  std::string name;
  std::string value;
  bool operator==(const Value&) const = default;
};
using Values = std::vector<Value>;

/// The value of that name, or an empty text.
std::string_view value_of(const Values& values, std::string_view name);

/// What links and codes are made of. Good for one call.
struct LinkKeys {
  const crypto::Keyring& ring;
  const std::string& public_url;  ///< without a trailing slash
  const settings::Settings& settings;
};

/// A mail that is about to be sent.
struct Mail {
  LinkId id;  ///< becomes the id of its link and of its code
  std::string recipient;
  Values parameters;     ///< what was given to `queue`
  Timestamp created_at;  ///< the moment from which its link lives
  Timestamp now;         ///< of this try to send it
  /// As it is now; nothing where the mail is about no account. It is there and not blocked, or else a mail
  /// with a purpose is dropped.
  std::optional<store::users::Contact> account;
};

/// The links and codes of one mail, which are secrets: nothing stores them.
struct Links {
  Values values;
  Timestamp expires_at;  ///< becomes `{{expires_at}}`; a mail that is not sent until then is put aside
  /// Other moments that the templates may show, by their variables.
  std::vector<std::pair<std::string_view, Timestamp>> moments{};
};

/// Makes the links of a mail from `mail` alone, so that a mail that is sent twice says the same twice, but
/// for a code that has expired by `mail.now`, which is left out. Nothing: the account is no longer what the
/// link was for (the address is confirmed, the password was changed), so the mail is dropped. Called on the
/// mail thread. May throw; then the mail is tried again later.
using MakeLinks = std::optional<Links> (*)(const LinkKeys& keys, const Mail& mail);

/// What kind of link or code a message carries. A mail with a purpose is for its link: it is dropped when its
/// account is blocked or deleted. A notice has no purpose and is sent all the same; if it has a link ("this
/// was not me") that can not be made, without it.
struct LinkKind {
  std::string_view purpose{};   ///< stands in the mail's row; empty: the message is a notice
  std::string_view variable{};  ///< holds the link: each body must show it
  MakeLinks make = nullptr;
};

struct Message {
  std::string_view name;
  /// What its templates may show, beside `service` (the host that people know the service by), `username` and
  /// `created_at` (when it was asked for), which are always there, and `expires_at`, which is there with a
  /// link.
  std::span<const std::string_view> variables{};
  LinkKind link{};
};

}  // namespace latchkey::mail
