#include "crypto/openssl.h"

#include <openssl/err.h>

#include <stdexcept>
#include <string>

namespace latchkey::crypto {

void throw_openssl_failure(const char* operation) {
  ERR_clear_error();
  throw std::runtime_error(std::string{"OpenSSL failed: "} + operation);
}

}  // namespace latchkey::crypto
