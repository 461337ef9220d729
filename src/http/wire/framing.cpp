#include "http/wire/framing.h"

#include <algorithm>
#include <cstring>

#include "http/escape.h"

namespace latchkey::http::wire {

HeadScanner::State HeadScanner::scan(std::string_view text) {
  for (;;) {
    std::size_t from = line_ + seen_;
    const void* found =
        from < text.size() ? std::memchr(text.data() + from, '\n', text.size() - from) : nullptr;
    if (found == nullptr) {
      // The rest is judged now, not when its line ends: a client that speaks something else must not wait.
      std::string_view rest = text.substr(line_);
      if (rest.ends_with('\r')) rest.remove_suffix(1);
      State state = judge_line(rest);
      seen_ = text.size() - line_;
      return state;
    }
    std::size_t lf = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    if (lf == line_ || text[lf - 1] != '\r') return State::malformed;
    std::string_view line = text.substr(line_, lf - 1 - line_);
    State state = judge_line(line);
    if (state != State::incomplete) return state;
    line_ = lf + 1;
    seen_ = 0;
    if (!line.empty()) {
      ++lines_;
    } else if (lines_ > 0) {
      return State::complete;
    } else if (start_ == 0) {
      start_ = line_;
    } else {
      return State::malformed;
    }
  }
}

HeadScanner::State HeadScanner::judge_line(std::string_view line) {
  bool request_line = lines_ == 0;
  if (request_line && line.size() > limits_->request_line) return State::line_too_long;
  if (line_ + line.size() + 2 - start_ > limits_->head) return State::head_too_large;
  if (lines_ > limits_->headers && !line.empty()) return State::head_too_large;
  std::string_view fresh = line.substr(std::min(seen_ > 0 ? seen_ - 1 : 0, line.size()));
  if (has_control_bytes(fresh)) return State::malformed;
  if (!line.empty() && (line.front() == ' ' || line.front() == '\t')) return State::malformed;
  return State::incomplete;
}

namespace {

constexpr std::size_t max_chunk_overhead = 4096;

bool is_extension_char(char c) { return is_token_char(c) || c == ';' || c == '='; }

bool is_field_char(char c) { return !has_control_bytes({&c, 1}); }

}  // namespace

ChunkDecoder::State ChunkDecoder::decode(std::string_view input, std::size_t& consumed, std::string* body,
                                         std::size_t limit) {
  consumed = 0;
  while (consumed < input.size()) {
    if (part_ == Part::data) {
      std::size_t piece = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - consumed));
      if (body != nullptr) body->append(input.substr(consumed, piece));
      consumed += piece;
      left_ -= piece;
      if (left_ == 0) part_ = Part::data_cr;
      continue;
    }
    State state = step(input[consumed++], limit);
    if (state != State::incomplete) return state;
  }
  return State::incomplete;
}

ChunkDecoder::State ChunkDecoder::step(char c, std::size_t limit) {
  switch (part_) {
    case Part::size: {
      int digit = hex_digit(c);
      if (digit >= 0) {
        if (++digits_ > 16) return State::malformed;
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return State::incomplete;
      }
      if (digits_ == 0) return State::malformed;
      if (left_ > limit || total_ + left_ > limit) return State::too_large;
      total_ += left_;
      if (c == ';') {
        part_ = Part::extension;
        return ++overhead_ > max_chunk_overhead ? State::malformed : State::incomplete;
      }
      part_ = Part::size_lf;
      return c == '\r' ? State::incomplete : State::malformed;
    }
    case Part::extension:
      if (c == '\r') {
        part_ = Part::size_lf;
        return State::incomplete;
      }
      return is_extension_char(c) && ++overhead_ <= max_chunk_overhead ? State::incomplete : State::malformed;
    case Part::size_lf:
      part_ = left_ > 0 ? Part::data : Part::trailer_start;
      return c == '\n' ? State::incomplete : State::malformed;
    case Part::data:
      return State::malformed;  // decode() takes the content
    case Part::data_cr:
      part_ = Part::data_lf;
      return c == '\r' ? State::incomplete : State::malformed;
    case Part::data_lf:
      part_ = Part::size;
      digits_ = 0;
      return c == '\n' ? State::incomplete : State::malformed;
    case Part::trailer_start:
      if (c == '\r') {
        part_ = Part::end_lf;
        return State::incomplete;
      }
      part_ = Part::trailer_name;
      return is_token_char(c) && ++overhead_ <= max_chunk_overhead ? State::incomplete : State::malformed;
    case Part::trailer_name:
      if (c == ':') part_ = Part::trailer_value;
      return (c == ':' || is_token_char(c)) && ++overhead_ <= max_chunk_overhead ? State::incomplete
                                                                                 : State::malformed;
    case Part::trailer_value:
      if (c == '\r') {
        part_ = Part::trailer_lf;
        return State::incomplete;
      }
      return is_field_char(c) && ++overhead_ <= max_chunk_overhead ? State::incomplete : State::malformed;
    case Part::trailer_lf:
      part_ = Part::trailer_start;
      return c == '\n' ? State::incomplete : State::malformed;
    case Part::end_lf:
      return c == '\n' ? State::complete : State::malformed;
  }
  return State::malformed;
}

namespace {

bool is_valid_port(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

bool is_literal_char(char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; }

}  // namespace

bool is_valid_host(std::string_view text) {
  std::string_view host;
  if (text.starts_with('[')) {
    std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    host = text.substr(1, bracket - 1);
    if (!std::all_of(host.begin(), host.end(), is_literal_char)) return false;
    text.remove_prefix(bracket + 1);
  } else {
    host = text.substr(0, std::min(text.find(':'), text.size()));
    if (!std::all_of(host.begin(), host.end(), is_host_char)) return false;
    text.remove_prefix(host.size());
  }
  if (host.empty()) return false;
  return text.empty() || (text.front() == ':' && is_valid_port(text.substr(1)));
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

}  // namespace latchkey::http::wire
