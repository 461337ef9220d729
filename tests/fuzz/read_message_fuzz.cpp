// The file of a mail, which anybody who may write into the mail folder can change, and the links of its text.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "mail/file_name.h"
#include "mail/read_message.h"
#include "web/linked_text.h"

using namespace latchkey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = mail::read_message(text);
  require(message.subject.size() + message.to.size() <= size);
  require(message.text.size() + message.html.size() <= 2 * size + 2);
  for (const auto& source : {std::string(text), message.text}) {
    for (const auto& piece : web::find_links(source)) {
      require(piece.text.find('\n') == std::string::npos);
      if (!piece.is_link) continue;
      require(piece.text.starts_with("http://") || piece.text.starts_with("https://"));
      require(piece.text.find_first_of("<>\"' ") == std::string::npos);
    }
  }
  if (mail::read_file_name(text)) require(text.find('/') == text.npos && !text.starts_with('.'));
  return 0;
}
