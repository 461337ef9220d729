#!/usr/bin/env bash
# Runs the tests of password hashing under valgrind, on optimised code as operators run it: slow, so not part of ./test.
# valgrind knows no AVX-512 and hides it, so AVX2 and the portable way are what runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 1; }

cmake/build.sh release-tests unit_tests
export LATCHKEY_ARGON2_SETS=${LATCHKEY_ARGON2_SETS:-300}
valgrind -q --error-exitcode=86 --leak-check=full --errors-for-leak-kinds=definite --suppressions=tests/check/valgrind.supp \
  build/release-tests/tests/unit_tests --gtest_brief=1 --gtest_filter='Argon2*:Blake2b.*:HashArena.*:PasswordHash.*:HashingPool.*'
echo "valgrind: clean"
