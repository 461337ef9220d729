#include "crypto/password/strength.h"

#include <zxcvbn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/secret.h"
#include "base/unicode.h"
#include "crypto/password/common_passwords.h"
#include "crypto/password/keyboard_pattern.h"

namespace latchkey::crypto::password {
namespace {

/// zxcvbn takes seconds for some texts of a hundred characters ("1212…"), and at most milliseconds for pieces
/// of this length.
constexpr std::size_t piece_size = 24;
constexpr std::size_t judged_size = 96;
constexpr std::size_t longest_period = 4;
constexpr std::size_t kept_times = 3;
constexpr std::size_t shortest_word = 3;
constexpr std::size_t longest_word = judged_size;
constexpr std::size_t most_words = 16;

/// One byte a character: zxcvbn counts bytes, and would take a letter of another script for two or three.
std::string to_single_bytes(std::string_view text) {
  std::string bytes;
  bytes.reserve(std::min(text.size(), judged_size));
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool continues = (byte & 0xc0) == 0x80;
    // The last byte of a character tells it best from its neighbours in the alphabet.
    if (continues && !bytes.empty()) {
      bytes.back() = c;
      continue;
    }
    if (bytes.size() == judged_size) break;
    bytes.push_back(c);
  }
  return bytes;
}

bool is_word_byte(char c) {
  return (static_cast<std::uint8_t>(c) & 0x80) != 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

void add_word(std::vector<std::string>& words, std::string_view word) {
  if (word.size() >= shortest_word && words.size() < most_words)
    words.emplace_back(word.substr(0, longest_word));
}

/// The inputs as zxcvbn wants them, in lower case, and the parts between their punctuation.
std::vector<std::string> collect_words(std::span<const std::string> inputs) {
  std::vector<std::string> words;
  for (const std::string& input : inputs) {
    const std::string text = to_lower_ascii(to_single_bytes(input));
    add_word(words, text);
    for (auto at = text.begin(); at != text.end();) {
      const auto from = std::find_if(at, text.end(), is_word_byte);
      at = std::find_if_not(from, text.end(), is_word_byte);
      add_word(words, std::string_view{from, at});
    }
  }
  return words;
}

/// Takes out of `judged` the words that are longer than a piece: no piece could hold them, and zxcvbn would
/// not know them. A guesser tries them first, so they are worth nothing.
void erase_long_words(std::string& judged, const std::vector<std::string>& words) {
  std::string lower = to_lower_ascii(judged);
  for (const std::string& word : words) {
    if (word.size() <= piece_size) continue;
    for (std::size_t at = lower.find(word); at != std::string::npos; at = lower.find(word)) {
      lower.erase(at, word.size());
      judged.erase(at, word.size());
    }
  }
  wipe(lower);
}

/// The part that a text consists of, where it is nothing but one part several times (`gn56gn56`). The prefix
/// function of Knuth, Morris and Pratt says which that is, in linear time.
std::string_view first_of_repeated(std::string_view text) {
  std::vector<std::size_t> border(text.size());
  for (std::size_t i = 1, length = 0; i < text.size(); ++i) {
    while (length > 0 && text[i] != text[length]) length = border[length - 1];
    if (text[i] == text[length]) ++length;
    border[i] = length;
  }
  const std::size_t period = text.empty() ? 0 : text.size() - border.back();
  return period != 0 && text.size() % period == 0 ? text.substr(0, period) : text;
}

/// The text with every repetition of up to four characters cut down to three times: a guesser who tries
/// "1212" tries more of it, too, and zxcvbn's time grows with the fourth power of their number.
std::string without_repetition(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  for (const char c : text) {
    kept.push_back(c);
    for (std::size_t period = 1; period <= longest_period && kept.size() > kept_times * period; ++period) {
      const std::string_view end = std::string_view{kept}.substr(kept.size() - kept_times * period - 1);
      if (end.substr(period) != end.substr(0, end.size() - period)) continue;
      kept.pop_back();
      break;
    }
  }
  return kept;
}

}  // namespace

double guesses_log10(std::string_view password, std::span<const std::string> user_inputs) {
  const std::vector<std::string> words = collect_words(user_inputs);
  std::vector<const char*> dictionary;
  dictionary.reserve(words.size() + 1);
  for (const std::string& word : words) dictionary.push_back(word.c_str());
  dictionary.push_back(nullptr);

  std::string whole = to_single_bytes(password);
  const std::optional<double> by_keyboard = keyboard_guesses_log10(whole);
  const bool is_common = is_common_password(whole);
  std::string judged = without_repetition(first_of_repeated(whole));
  wipe(whole);
  erase_long_words(judged, words);
  double best_bits = 0;
  for (std::size_t at = 0; at < judged.size(); at += piece_size) {
    std::string piece = judged.substr(at, piece_size);
    best_bits = std::max(best_bits, ZxcvbnMatch(piece.c_str(), dictionary.data(), nullptr));
    wipe(piece);
  }
  wipe(judged);
  double guesses = best_bits * std::log10(2.0);
  if (by_keyboard.has_value()) guesses = std::min(guesses, *by_keyboard);
  return is_common ? std::min(guesses, common_guesses_log10) : guesses;
}

}  // namespace latchkey::crypto::password
