#pragma once

#include <string_view>

namespace latchkey {

/// A named place of the program where a test can end the process or hold a thread (tests/fault/README.md).
/// Builds for operators have no such code: the call is empty. Any thread may call it; it throws
/// std::runtime_error where the control file has a line that means nothing.
///
/// The environment variable LATCHKEY_TEST_POINTS names the control file, one line a fault:
/// `POINT die|hold [after=N]`. `die` ends the process as `kill -9` does; `hold` holds the thread until the
/// file changes. Every point of the program has a test that dies there: tests/fault/test_points.py compares
/// the names.
#ifdef LATCHKEY_TEST_HOOKS
void test_point(std::string_view name);
#else
inline void test_point(std::string_view /*name*/) {}
#endif

}  // namespace latchkey
