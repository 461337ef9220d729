#include "web/qr_picture.h"

#include <fmt/format.h>

#include <qrcodegen/qrcodegen.hpp>

#include "base/bytes.h"

namespace latchkey::web {

QrPicture draw_qr(std::string_view text) {
  constexpr int margin = 4;
  const auto bytes = view_bytes(text);
  const auto code = qrcodegen::QrCode::encodeSegments(
      {qrcodegen::QrSegment::makeBytes({bytes.begin(), bytes.end()})}, qrcodegen::QrCode::Ecc::MEDIUM);
  QrPicture picture{.path = {}, .size = code.getSize() + 2 * margin};
  for (int y = 0; y < code.getSize(); ++y) {
    for (int x = 0; x < code.getSize(); ++x) {
      const int begin = x;
      while (x < code.getSize() && code.getModule(x, y)) ++x;
      // Strokes go through the middle of their row.
      if (x > begin) picture.path += fmt::format("M{} {}.5h{}", begin + margin, y + margin, x - begin);
    }
  }
  return picture;
}

}  // namespace latchkey::web
