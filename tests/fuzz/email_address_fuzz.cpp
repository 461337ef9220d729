// parse_email_address on arbitrary bytes: what it takes can stand in an SMTP command, and reads back as
// itself.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/email_address.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> listed{"localhost"};
  const auto parsed =
      latchkey::parse_email_address(std::string_view(reinterpret_cast<const char*>(data), size), listed);
  if (!parsed) {
    require(!parsed.error().reason.empty());
    return 0;
  }
  const std::string& address = parsed->address;
  require(address.size() <= 254);
  require(std::ranges::all_of(address, [](char c) { return c > ' ' && c < 0x7f; }));
  require(address.find_first_of("<>()[]\",:;\\") == std::string::npos);
  require(std::ranges::count(address, '@') == 1);
  const auto again = latchkey::parse_email_address(address, listed);
  require(again && again->address == address && again->key == parsed->key);
  return 0;
}
