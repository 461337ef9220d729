#pragma once

#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "crypto/breached/format.h"
#include "crypto/breached/open_file.h"

namespace latchkey::crypto::breached {

/// The file is no index that can be used; the text is a sentence for the operator.
class Unusable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An index of breached passwords (format.h) that is open for look-ups. Any thread may look up.
///
/// It is read with pread and not mapped: if somebody truncates a mapped file, or its disk fails, the next
/// look is a SIGBUS that ends the server; here it is an error of one request. A look-up reads two or three
/// pages, so what mapping saves is a few system calls beside a password hash that takes ten thousand times as
/// long.
class Index {
 public:
  /// Opens the file and looks at its header, its size and at samples of its order. Throws Unusable.
  explicit Index(const std::filesystem::path& file);

  /// Whether the list had this password, which is in NFC. It may wait for the disk. Throws Unavailable when
  /// the file can not be read, or has shrunk since it was opened: whoever replaces it must rename a new file
  /// into its place, as `latchkey passwords index` does, and restart the server.
  bool contains(std::string_view password) const { return look_up(entry_of(password)).found; }

  struct Answer {
    bool found = false;
    int pages = 0;  ///< how many were read
  };
  Answer look_up(Entry wanted) const;

  std::uint64_t size() const { return count_; }

 private:
  OpenFile file_;
  std::uint64_t count_ = 0;
};

}  // namespace latchkey::crypto::breached
