// The value of any setting, as the environment, a flag or the file brings it: the first byte says which. It
// is refused with a sentence, or written as one that is taken again.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/unicode.h"
#include "fuzz/require.h"
#include "settings/duration.h"
#include "settings/knobs.h"
#include "settings/master_secret.h"
#include "settings/settings.h"
#include "settings/url.h"

using namespace latchkey::settings;

namespace {

void check_readers(std::string_view text) {
  if (const auto url = parse_url(text)) {
    const std::string written = to_string(*url);
    const auto again = parse_url(written);
    require(again && to_string(*again) == written);
  }
  if (const auto endpoint = parse_endpoint(text)) require(!endpoint->address.empty());
  if (const auto duration = parse_duration(text))
    require(parse_duration(format_duration(*duration)) == duration);
  parse_master_secret(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const Knob& knob = knobs()[data[0] % knobs().size()];
  Settings settings;
  if (const auto complaint = knob.write(settings, text)) {
    require(!std::string_view(*complaint).empty() && latchkey::is_valid_utf8(*complaint));
  } else if (!knob.secret) {
    const std::string written = knob.read(settings);
    Settings again;
    require(!knob.write(again, written) && knob.read(again) == written);
  }
  check_readers(text);
  suggest_knob(text);
  return 0;
}
