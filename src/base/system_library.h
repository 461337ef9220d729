#pragma once

#include <string>

namespace latchkey {

/// A shared library of the system that is loaded by the first who needs it, and then stays. So a server that
/// sends no mail by SMTP and needs no PostgreSQL neither maps nor starts the thirty libraries behind those
/// two (docs/adr/0008-libraries-on-demand.md).
class SystemLibrary {
 public:
  /// `soname` as the loader knows it; `needed_for` completes the message. Throws std::runtime_error that
  /// names the library, what it is needed for, and the loader's reason.
  SystemLibrary(const char* soname, const char* needed_for);

  /// A function of the library. Throws std::runtime_error when it has none of this name. Any thread.
  template <class Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(find_symbol(name));
  }

 private:
  void* find_symbol(const char* name) const;

  std::string soname_;
  void* handle_;
};

}  // namespace latchkey
