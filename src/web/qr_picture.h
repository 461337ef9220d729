#pragma once

#include <string>
#include <string_view>

namespace latchkey::web {

/// A QR code (ISO/IEC 18004) as the `d` of a path, each run of dark modules a stroke of the thickness 1, and
/// how many modules it is wide with its margin of four.
struct QrPicture {
  std::string path;
  int size = 0;
};

/// Throws std::length_error for a text that no QR code can hold, of some 2,000 bytes.
QrPicture draw_qr(std::string_view text);

}  // namespace latchkey::web
