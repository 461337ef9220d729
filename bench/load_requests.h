#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "measure.h"

namespace latchkey::bench {

/// The requests of one run, made from one text (`--request FILE`):
///
/// `########` in it becomes a running number of eight digits, from `--first` on, over `--modulo` different
/// ones (0: never again the same); neighbours are far apart, so that they are not neighbours in the store
/// either.
/// `@token@` becomes the next line of `--tokens FILE`. With `--rotate yes` a token is used once and the
/// refresh token of its answer takes its place at the end of the queue; `save` then keeps the queue for the
/// next run, and the access tokens that came along.
class Requests {
 public:
  explicit Requests(const Arguments& arguments);

  /// Writes the next request into `out`; false when every token is on its way.
  bool next(std::string& out);
  /// Takes the successor out of the answer to a request that was made with a token.
  void take_answer(int status, std::string_view body);
  void save() const;

 private:
  std::string text_;
  std::size_t number_at_;
  std::size_t token_at_;
  std::uint64_t number_;
  std::uint64_t modulo_;
  bool rotate_;
  std::string tokens_file_;
  std::string access_file_;
  std::deque<std::string> tokens_;
  std::deque<std::string> access_tokens_;
  std::size_t next_token_ = 0;
};

}  // namespace latchkey::bench
