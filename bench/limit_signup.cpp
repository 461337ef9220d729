// What the password of one sign-up costs at least: the estimate of its strength and its hash, with the
// functions that the server uses, on one thread, with memory taken once.
//
//   limit_signup --seconds S --memory KIB --passes N
//
// and, in place of that, with `--name`, what this processor computes Argon2id with.

#include <array>
#include <cstdio>
#include <string>

#include "crypto/password/argon2_block.h"
#include "crypto/password/hash.h"
#include "crypto/password/hash_arena.h"
#include "crypto/password/strength.h"
#include "measure.h"

namespace latchkey::bench {
namespace {

int run(const Arguments& arguments) {
  if (arguments.has("name")) {
    const std::string name(crypto::password::block_function().name);
    std::printf("{\"code\": \"%s\"}\n", name.c_str());
    return 0;
  }
  const crypto::password::Argon2Parameters parameters{
      .memory_kib = static_cast<std::uint32_t>(arguments.count("memory", 64)),
      .passes = static_cast<std::uint32_t>(arguments.count("passes", 1))};
  const double seconds = arguments.number("seconds", 2);
  crypto::password::HashArena arena(parameters);
  const Secret password(std::string_view("secure_password"));
  const std::array<std::string, 2> inputs{"new00000001@example.com", "new user 00000001"};
  const auto one = [&] {
    if (crypto::password::guesses_log10(password.text(), inputs) <= 0) give_up("an estimate of nothing");
    if (crypto::password::hash_password(password, parameters, arena).empty()) give_up("a hash failed");
  };
  one();  // takes the pages
  const Stopwatch watch;
  std::uint64_t done = 0;
  for (; watch.elapsed() < seconds; ++done) one();
  watch.report(done);
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) { return latchkey::bench::run(latchkey::bench::Arguments(argc, argv)); }
