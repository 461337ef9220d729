#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mail/read_message.h"

/// Looking at mails that were written to files (files.h), as pages and commands do. Everything here reads the
/// disk on the calling thread, a bounded part of it, and takes the folder as it finds it: files come and go
/// meanwhile, and what has not the name of a mail or is no regular file is passed over. Throws
/// `std::system_error` when the folder can not be read.
namespace latchkey::mail {

struct WrittenMail {
  std::string id;  ///< the name of its file, without the suffix
  Timestamp written_at;
  ReadMessage message;
  bool is_cut = false;  ///< the file goes on behind what was read
};

struct NewestMails {
  std::vector<WrittenMail> mails;  ///< the newest first, each with no more than its first four kilobytes
  bool are_more = false;
  /// There were more names in the folder than the server looks through, so that newer mails may be missing.
  bool has_too_many = false;
};

NewestMails list_newest_mails(const std::filesystem::path& folder, std::size_t most);

/// At most 256 KiB of it. Nothing when there is no such mail.
std::optional<WrittenMail> find_mail(const std::filesystem::path& folder, std::string_view id);

}  // namespace latchkey::mail
