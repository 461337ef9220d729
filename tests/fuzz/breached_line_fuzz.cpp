// A line of a list of breached passwords that an operator has downloaded: each is an entry or is refused.
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/breached/line.h"
#include "fuzz/require.h"

using namespace latchkey::crypto::breached;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto entry = read_hash_line(line);
  if (entry.has_value()) {
    require(size >= 40 && size <= 61);
    require(read_hash_line(line.substr(0, 40)) == entry);
    require(!read_hash_line(std::string(line) + ' ').has_value());
  }
  require(!explain_hash_line(line).empty());
  const auto password = read_password_line(line);
  require(!line.empty() || !password.has_value());
  return 0;
}
