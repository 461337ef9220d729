// What a mail server says: it is judged, and logged as printable ASCII without addresses, links or tokens.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "mail/smtp_reply.h"

using namespace latchkey::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string clean = clean_reply(text);
  require(clean.size() <= 200);
  require(std::ranges::all_of(clean, [](char c) { return c >= ' ' && c < '\x7f'; }));
  require(clean.find('@') == std::string::npos);
  SmtpStage stage = SmtpStage::connect;
  read_command(text, stage);
  read_mechanisms(text);
  const auto at = static_cast<SmtpStage>(data[0] % 7);
  const Delivery delivery = judge({.stage = at, .code = 400 + data[1] % 200, .reply = text, .error = text});
  require(!delivery.reason.empty() || delivery.outcome == Delivery::Outcome::taken);
  explain({.stage = at, .connected = data[1] % 2 == 0, .mechanisms = text, .error = text});
  return 0;
}
