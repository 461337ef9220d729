#pragma once

#include "crypto/password/argon2_block.h"

namespace latchkey::crypto::password {

/// G with AVX2 and with AVX-512F. Only for processors that have them, which `block_functions` asks: the
/// instructions are compiled into these functions alone, whatever the rest of the program is built for.
BlockFunction avx2_block_function();
BlockFunction avx512_block_function();

}  // namespace latchkey::crypto::password
