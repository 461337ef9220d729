#include "web/frame.h"

#include <algorithm>
#include <span>
#include <stdexcept>

#include "base/bytes.h"
#include "base/embedded_file.h"
#include "crypto/sha256.h"

namespace latchkey::web {

/// Made by the build from templates/pages/.
extern const std::span<const EmbeddedFile> page_template_files;

std::string_view find_page_file(std::string_view path) {
  const auto file = std::ranges::find(page_template_files, path, &EmbeddedFile::path);
  if (file == page_template_files.end()) throw std::logic_error("templates/pages/" + std::string(path));
  return file->body;
}

std::string make_policy(std::string_view style, Forms forms) {
  return "default-src 'none'; style-src 'sha256-" + encode_base64(crypto::sha256(style), Padding::full) +
         "'; form-action " + (forms == Forms::none ? "'none'" : "'self'") +
         "; frame-ancestors 'none'; base-uri 'none'";
}

}  // namespace latchkey::web
