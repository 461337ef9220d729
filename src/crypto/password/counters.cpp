#include "crypto/password/counters.h"

namespace latchkey::crypto::password::counters {

constinit metrics::Counter hashed;
constinit metrics::Counter refused;
constinit metrics::Gauge queue_length;
constinit metrics::Timing hash_seconds;

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_passwords_hashed_total", "Password hashes computed.", {&hashed}},
      {"latchkey_hashing_refused_total", "Password hashes refused because the queue was full.", {&refused}},
      {"latchkey_hashing_queue_length", "Passwords waiting to be hashed.", {&queue_length}},
      {"latchkey_password_hash_seconds", "Time of one password hash, without waiting.", {&hash_seconds}},
  };
  return list;
}

}  // namespace latchkey::crypto::password::counters
