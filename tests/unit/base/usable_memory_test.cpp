#include "base/usable_memory.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(UsableMemory, ALimitIsANumberOfBytes) {
  EXPECT_EQ(memory_of_limit("268435456"), 268'435'456U);
  EXPECT_EQ(memory_of_limit("max"), std::nullopt);
  EXPECT_EQ(memory_of_limit(""), std::nullopt);
  EXPECT_EQ(memory_of_limit("12 "), std::nullopt);
  EXPECT_EQ(memory_of_limit("0"), std::nullopt);
  EXPECT_EQ(memory_of_limit("99999999999999999999999"), std::nullopt);
}

TEST(UsableMemory, ThisMachineHasSome) { EXPECT_GT(usable_memory(), 16U << 20U); }

}  // namespace
}  // namespace latchkey
