// The head and the chunk framing: whatever comes, however it is cut into reads, is judged the same, and what
// passes has nothing in it that another reader could take for the end of a line.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/cors.h"
#include "http/media_type.h"
#include "http/path.h"
#include "http/wire/framing.h"
#include "http/wire/head_parser.h"
#include "http/wire/write_response.h"

using namespace latchkey::http;
using namespace latchkey::http::wire;

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

/// Which of several faults is told depends on the cut; that it is refused does not.
enum class Verdict { incomplete, complete, refused };

Verdict verdict(HeadScanner::State state) {
  if (state == HeadScanner::State::incomplete) return Verdict::incomplete;
  return state == HeadScanner::State::complete ? Verdict::complete : Verdict::refused;
}

struct Scanned {
  Verdict verdict;
  std::size_t start;
  std::size_t end;
  bool operator==(const Scanned&) const = default;
};

Scanned scan(std::string_view text, std::size_t step) {
  Limits limits;
  limits.request_line = 200;
  limits.head = 400;
  limits.headers = 10;
  HeadScanner scanner(limits);
  for (std::size_t size = std::min(step, text.size());; size = std::min(size + step, text.size())) {
    HeadScanner::State state = scanner.scan(text.substr(0, size));
    bool complete = state == HeadScanner::State::complete;
    if (state != HeadScanner::State::incomplete || size == text.size())
      return {verdict(state), complete ? scanner.start() : 0, complete ? scanner.end() : 0};
  }
}

void try_chunks(std::string_view text, std::size_t step) {
  constexpr std::size_t limit = 1000;
  ChunkDecoder whole;
  std::string body;
  std::size_t used = 0;
  ChunkDecoder::State state = whole.decode(text, used, &body, limit);
  require(body.size() <= limit && used <= text.size());

  ChunkDecoder pieces;
  std::string again;
  std::size_t taken = 0;
  ChunkDecoder::State then = ChunkDecoder::State::incomplete;
  for (std::size_t at = 0; at < text.size() && then == ChunkDecoder::State::incomplete; at += step) {
    std::size_t consumed = 0;
    then = pieces.decode(text.substr(at, step), consumed, &again, limit);
    taken += consumed;
  }
  require(state == then && body == again && used == taken);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::size_t step = data[0] % 17U + 1;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  Scanned whole = scan(text, std::max<std::size_t>(text.size(), 1));
  require(scan(text, step) == whole);
  try_chunks(text, step);
  if (whole.verdict != Verdict::complete) return 0;

  RequestHead head;
  if (!parse_head(text.substr(whole.start, whole.end - whole.start), head)) return 0;
  require(!(head.chunked && head.content_length));
  require(head.headers.size() <= 10);
  for (const HeaderView& line : head.headers) {
    require(!line.name.empty());
    constexpr std::string_view bad("\r\n\0", 3);
    require(line.name.find_first_of(bad) == std::string_view::npos);
    require(line.value.find_first_of(bad) == std::string_view::npos);
    if (const auto type = parse_media_type(line.value)) {
      require(type->parameters.size() <= max_media_type_parameters);
      type->charset();
    }
    prefers_html(line.value);
  }
  // What a preflight is answered with comes from the request, and can end no line of the answer.
  static const Cors cors({"https://app.example.org"});
  Request request;
  request.headers = head.headers;
  Response response;
  cors.describe_preflight(response, request, "GET, OPTIONS");
  require(has_safe_headers(response));
  try_chunks(text.substr(whole.end), step);
  std::string path;
  if (auto target = split_target(head.target)) decode_path(target->path, path);
  return 0;
}
