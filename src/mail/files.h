#pragma once

#include <filesystem>

#include "mail/transport.h"

namespace latchkey::mail {

/// Whether the log line of a written mail shows the link in it: for the newcomer who tries Latchkey on
/// loopback.
enum class LinkInLog : std::uint8_t { hidden, shown };

/// The default while no SMTP server is configured: each mail becomes `<folder>/<time>-<id>.eml`, 0600, whole
/// or not there at all, on disk before it counts as delivered, and one log line says where.
class Files final : public Transport {
 public:
  /// Makes the folder (0700) when it is missing, and clears it of what a crash left half written. Throws
  /// `std::system_error` when it can not be used.
  Files(std::filesystem::path folder, LinkInLog link_in_log);

  BodyEncoding encoding() const override { return BodyEncoding::eight_bit; }
  Delivery deliver(const Outgoing& mail, std::stop_token stop) override;

 private:
  std::filesystem::path folder_;
  LinkInLog link_in_log_;
};

}  // namespace latchkey::mail
