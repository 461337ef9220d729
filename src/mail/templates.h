#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/template.h"
#include "base/time.h"
#include "mail/message.h"

namespace latchkey::mail {

/// What is put into a mail's templates.
struct MailValues {
  std::string_view username;     ///< `{{username}}`
  std::string_view confirm_url;  ///< `{{confirm_url}}`
  std::string_view reject_url;   ///< `{{reject_url}}`
  Timestamp expires_at;          ///< `{{expires_at}}`, such as `31 January 2026, 08:00 UTC`
  std::string_view service;      ///< `{{service}}`, the host that people know the service by
};

/// The name in the outbox of the mail that asks a new user to confirm the address.
inline constexpr std::string_view confirmation_message = "confirmation";

/// The templates of every message: `<message>/subject.txt`, `body.txt`, `body.html`. Any thread may render.
class MailTemplates {
 public:
  /// Those built in, or, when `folder` is not empty, those of that folder, which must hold all three files of
  /// every message. Everything is read and tried once. Throws `BadTemplate` with the file and what is wrong
  /// with it.
  explicit MailTemplates(const std::filesystem::path& folder = {});

  /// Nothing of `values` can add a line to the subject, a tag to the HTML, or an address to anything. Throws
  /// `BadTemplate` when there is no such message.
  MailContent render(std::string_view message, const MailValues& values) const;

  bool has(std::string_view message) const { return messages_.contains(message); }

 private:
  struct Message {
    Template subject;
    Template text;
    Template html;
  };
  std::map<std::string, Message, std::less<>> messages_;
};

}  // namespace latchkey::mail
