#pragma once

#include <memory>

/// Owners for OpenSSL's objects, and one way to fail. For this room's .cpp files only.
namespace latchkey::crypto {

template <auto Free>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

template <class T, auto Free>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<Free>>;

/// Throws std::runtime_error with the name of the failed operation. OpenSSL fails where it is used properly
/// only for want of memory or for a broken installation, so nothing of its error queue is worth keeping; the
/// queue is emptied.
[[noreturn]] void throw_openssl_failure(const char* operation);

inline void require(bool succeeded, const char* operation) {
  if (!succeeded) throw_openssl_failure(operation);
}

}  // namespace latchkey::crypto
