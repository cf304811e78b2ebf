// SPDX-License-Identifier: MIT
#include "unwind/expression.hpp"

#include "fake_memory.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace xgops::unwind {
namespace {

constexpr std::uint64_t kProgram = 0x1000;

ExpressionResult run(std::vector<std::uint8_t> program, const Registers& registers = {},
                     std::optional<std::uint64_t> initial = std::nullopt) {
  test::FakeMemory memory;
  const ExpressionRef expression{kProgram, static_cast<std::uint32_t>(program.size())};
  memory.put(kProgram, std::move(program));
  memory.put_value(0x2000, std::uint64_t{0x1122334455667788});
  return evaluate(expression, registers, memory, initial);
}

TEST(ExpressionTest, ComputesTheCfaOfAPltEntryAsTheLinkerWritesIt) {
  // breg7 (rsp) 8; breg16 (rip) 0; lit15; and; lit11; ge; lit3; shl; plus
  const std::vector<std::uint8_t> program{0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a,
                                          0x3b, 0x2a, 0x33, 0x24, 0x22};
  Registers registers;
  registers.set(kRsp, 0x7000);
  registers.set(kReturnAddress, 0x40102b);  // Past the push: eight bytes more.
  EXPECT_EQ(run(program, registers).value, 0x7010U);
  registers.set(kReturnAddress, 0x401026);
  EXPECT_EQ(run(program, registers).value, 0x7008U);
}

TEST(ExpressionTest, DereferencesWholeAndPartialWords) {
  EXPECT_EQ(run({0x0a, 0x00, 0x20, 0x06}).value, 0x1122334455667788U);
  EXPECT_EQ(run({0x0a, 0x00, 0x20, 0x94, 0x02}).value, 0x7788U);
}

TEST(ExpressionTest, StartsWithTheInitialValueOnItsStack) {
  EXPECT_EQ(run({0x23, 0x10}, {}, 0x100).value, 0x110U);
}

TEST(ExpressionTest, ReportsRegistersThatAreNotKnown) {
  EXPECT_EQ(run({0x76, 0x00}).status, ExpressionStatus::kRegisterUnknown);
  EXPECT_EQ(run({0x92, 0x7f, 0x00}).status, ExpressionStatus::kRegisterUnknown);
}

TEST(ExpressionTest, ReportsMemoryThatIsNotReadable) {
  EXPECT_EQ(run({0x0a, 0x00, 0x30, 0x06}).status, ExpressionStatus::kBadMemory);
}

TEST(ExpressionTest, RefusesBrokenPrograms) {
  EXPECT_EQ(run({}).status, ExpressionStatus::kBad);
  EXPECT_EQ(run({0x22}).status, ExpressionStatus::kBad) << "plus on an empty stack";
  EXPECT_EQ(run({0xff}).status, ExpressionStatus::kBad) << "unknown operator";
  EXPECT_EQ(run({0x0e, 0x01}).status, ExpressionStatus::kBad) << "operand cut off";
  EXPECT_EQ(run({0x30, 0x94, 0x09}).status, ExpressionStatus::kBad) << "nine-byte word";
}

TEST(ExpressionTest, EndsAnEndlessLoop) {
  EXPECT_EQ(run({0x96, 0x2f, 0xfc, 0xff}).status, ExpressionStatus::kBad);
}

TEST(ExpressionTest, EndsAProgramThatFillsItsStack) {
  EXPECT_EQ(run({0x30, 0x2f, 0xfc, 0xff}).status, ExpressionStatus::kBad);
}

}  // namespace
}  // namespace xgops::unwind
