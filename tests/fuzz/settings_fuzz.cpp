// A settings file of arbitrary bytes: it is read or refused with sentences of one line, and a value that is
// taken is written as one that is taken again.
#include <algorithm>
#include <cstdlib>

#include "settings/toml_file.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using latchkey::settings::Settings;
  const auto file = latchkey::settings::read_toml({reinterpret_cast<const char*>(data), size}, "file");
  for (const std::string& problem : file.problems) {
    require(problem.starts_with("file:"));
    require(std::ranges::all_of(problem, [](char c) { return static_cast<unsigned char>(c) >= 0x20; }));
  }
  for (const auto& entry : file.entries) {
    Settings settings;
    if (entry.knob->write(settings, entry.text) || entry.knob->secret) continue;
    const std::string written = entry.knob->read(settings);
    Settings again;
    require(!entry.knob->write(again, written));
    require(entry.knob->read(again) == written);
  }
  return 0;
}
