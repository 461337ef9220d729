#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "mail/transport.h"

namespace latchkey::mail {

/// How many mails stay: where the next would be one too many, the oldest tenth goes.
struct FilesLimit {
  std::size_t most_files = 10'000;
  std::uintmax_t most_bytes = 64 << 20;
};

/// Whether the log line of a written mail shows the link in it: for the newcomer who tries Latchkey on
/// loopback.
enum class LinkInLog : std::uint8_t { hidden, shown };

/// The default while no SMTP server is configured: each mail becomes `<folder>/<time>-<id>.eml`, 0600, whole
/// or not there at all, on disk before it counts as delivered, and one log line says where. Sign-ups of
/// strangers write here, so there is a limit to files and bytes; beyond it the oldest mails are removed.
class Files final : public Transport {
 public:
  /// Makes the folder (0700) when it is missing, and clears it of what a crash left half written. Throws
  /// `std::system_error` when it can not be used.
  Files(std::filesystem::path folder, LinkInLog link_in_log, FilesLimit limit = {});

  BodyEncoding encoding() const override { return BodyEncoding::eight_bit; }
  Delivery deliver(const Outgoing& mail, std::stop_token stop) override;

 private:
  /// Looks at what is there, which anybody may remove at any time.
  void count_files();
  /// Removes the oldest until `bytes` more have room.
  void make_room(std::uintmax_t bytes);

  std::filesystem::path folder_;
  LinkInLog link_in_log_;
  FilesLimit limit_;
  std::map<std::string, std::uintmax_t> sizes_;  ///< by name, the oldest first
  std::uintmax_t bytes_ = 0;                     ///< of all of them
  bool has_told_ = false;                        ///< that mails are being removed
};

}  // namespace latchkey::mail
