#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "ids.h"

/// The users that a store is filled with: number n is the same in every store.
namespace latchkey::bench {

/// Microseconds since 1970.
struct Moments {
  std::int64_t created_at;
  std::int64_t rotated_at;
  std::int64_t idle_expires_at;
  std::int64_t expires_at;
};

struct Filling {
  std::uint64_t users;
  std::string password_hash;  ///< everybody's
  Moments at;
};

/// The address of the n-th user; its text lives as long as this.
class Email {
 public:
  explicit Email(std::uint64_t n) {
    const int size = std::snprintf(text_.data(), text_.size(), "user%08llu@example.com",
                                   static_cast<unsigned long long>(n));
    address_ = {text_.data(), static_cast<std::size_t>(size)};
  }
  Email(const Email&) = delete;
  Email& operator=(const Email&) = delete;
  std::string_view address() const { return address_; }
  std::string_view username() const { return address_.substr(0, address_.find('@')); }

 private:
  std::array<char, 64> text_{};
  std::string_view address_;
};

/// Fills the store of a data directory, and answers the epoch of its keys.
std::int64_t fill_sqlite(const std::string& data_dir, const Filling& filling);
/// The same for a PostgreSQL database.
std::int64_t fill_postgres(const std::string& url, const Filling& filling);

}  // namespace latchkey::bench
