#include "load_requests.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace latchkey::bench {
namespace {

constexpr std::string_view number_mark = "########";
constexpr std::string_view token_mark = "@token@";
/// A prime that no count of ours is a multiple of.
constexpr std::uint64_t stride = 7919;

/// The string of one member of a JSON object without escapes in it, which tokens never have.
std::string_view member(std::string_view json, std::string_view name) {
  const std::size_t at = json.find(name);
  if (at == std::string_view::npos) return {};
  const std::size_t start = json.find('"', at + name.size() + 1);
  if (start == std::string_view::npos) return {};
  return json.substr(start + 1, json.find('"', start + 1) - start - 1);
}

std::deque<std::string> read_lines(const std::string& path) {
  std::istringstream text(read_file(path));
  std::deque<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

void write_lines(const std::string& path, const std::deque<std::string>& lines) {
  std::ofstream file(path);
  for (const std::string& line : lines) file << line << '\n';
  if (!file.flush()) give_up("can not write " + path);
}

}  // namespace

Requests::Requests(const Arguments& arguments)
    : text_(read_file(arguments.text("request"))),
      number_at_(text_.find(number_mark)),
      token_at_(text_.find(token_mark)),
      number_(arguments.count("first", 0)),
      modulo_(arguments.count("modulo", 0)),
      rotate_(arguments.has("rotate")),
      tokens_file_(arguments.text("tokens")),
      access_file_(arguments.text("access-out")) {
  if (token_at_ == std::string::npos) return;
  if (number_at_ != std::string::npos) give_up("a number and a token in one request");
  tokens_ = read_lines(tokens_file_);
  if (tokens_.empty()) give_up("no tokens in " + tokens_file_);
}

bool Requests::next(std::string& out) {
  if (token_at_ != std::string::npos) {
    if (rotate_ && tokens_.empty()) return false;
    const std::string& token = rotate_ ? tokens_.front() : tokens_[next_token_++ % tokens_.size()];
    out.assign(text_, 0, token_at_).append(token).append(text_, token_at_ + token_mark.size());
    if (rotate_) tokens_.pop_front();
    return true;
  }
  out = text_;
  if (number_at_ == std::string::npos) return true;
  const std::uint64_t number = modulo_ == 0 ? number_ : number_ * stride % modulo_;
  ++number_;
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%08llu",
                static_cast<unsigned long long>(number % 100'000'000));
  for (std::size_t at = number_at_; at != std::string::npos; at = text_.find(number_mark, at + 1)) {
    out.replace(at, number_mark.size(), digits.data(), number_mark.size());
  }
  return true;
}

void Requests::take_answer(int status, std::string_view body) {
  if (!rotate_ || status != 200) return;
  tokens_.emplace_back(member(body, "\"refresh_token\""));
  if (!access_file_.empty()) access_tokens_.emplace_back(member(body, "\"access_token\""));
}

void Requests::save() const {
  if (rotate_) write_lines(tokens_file_, tokens_);
  if (!access_file_.empty()) write_lines(access_file_, access_tokens_);
}

}  // namespace latchkey::bench
