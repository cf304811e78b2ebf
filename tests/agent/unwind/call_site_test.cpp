// SPDX-License-Identifier: MIT
#include "unwind/call_site.hpp"

#include "fake_memory.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace xgops::unwind {
namespace {

constexpr std::uint64_t kReturn = 0x401008;

CallSite decode(std::vector<std::uint8_t> last_bytes) {
  test::FakeMemory memory;
  std::vector<std::uint8_t> code(8 - last_bytes.size(), 0x90);
  code.insert(code.end(), last_bytes.begin(), last_bytes.end());
  memory.put(kReturn - 8, std::move(code));
  // PLT stub at 0x401108: endbr64; bnd jmp *0x2000(%rip), whose slot holds 0x7f0000001000.
  memory.put(0x401108,
             {0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0x00, 0x20, 0x00, 0x00, 0, 0, 0, 0, 0});
  memory.put_value(0x401108 + 11 + 0x2000, std::uint64_t{0x7f0000001000});
  memory.put_value(kReturn + 0x3000, std::uint64_t{0x7f0000002000});
  return decode_call(memory, kReturn);
}

TEST(CallSiteTest, FollowsADirectCall) {
  const CallSite site = decode({0xe8, 0xf8, 0x0f, 0x00, 0x00});
  EXPECT_EQ(site.kind, CallKind::kDirect);
  EXPECT_EQ(site.target, 0x402000U);
}

TEST(CallSiteTest, LooksThroughAPltStub) {
  const CallSite site = decode({0xe8, 0x00, 0x01, 0x00, 0x00});
  EXPECT_EQ(site.kind, CallKind::kDirect);
  EXPECT_EQ(site.target, 0x7f0000001000U);
}

TEST(CallSiteTest, ReadsTheSlotOfACallThroughTheOffsetTable) {
  const CallSite site = decode({0xff, 0x15, 0x00, 0x30, 0x00, 0x00});
  EXPECT_EQ(site.kind, CallKind::kDirect);
  EXPECT_EQ(site.target, 0x7f0000002000U);
}

TEST(CallSiteTest, RecognisesEveryFormOfIndirectCall) {
  const std::vector<std::vector<std::uint8_t>> forms{
      {0xff, 0xd0},                                // call *%rax
      {0x41, 0xff, 0xd3},                          // call *%r11
      {0xff, 0x10},                                // call *(%rax)
      {0xff, 0x50, 0x18},                          // call *0x18(%rax)
      {0xff, 0x14, 0xc3},                          // call *(%rbx,%rax,8)
      {0xff, 0x54, 0x24, 0x08},                    // call *0x8(%rsp)
      {0xff, 0x90, 0x00, 0x01, 0x00, 0x00},        // call *0x100(%rax)
      {0xff, 0x94, 0x24, 0x00, 0x01, 0x00, 0x00},  // call *0x100(%rsp)
  };
  for (const auto& form : forms) {
    EXPECT_EQ(decode(form).kind, CallKind::kIndirect) << "form of " << form.size() << " bytes";
  }
}

TEST(CallSiteTest, TellsCodeThatIsNoCall) {
  EXPECT_EQ(decode({0x48, 0x89, 0xe5}).kind, CallKind::kNone);
  test::FakeMemory nothing;
  EXPECT_EQ(decode_call(nothing, 0).kind, CallKind::kNone);
  EXPECT_EQ(decode_call(nothing, 0x500000).kind, CallKind::kNone);
}

Prologue decode_function(std::vector<std::uint8_t> code) {
  test::FakeMemory memory;
  code.resize(64, 0x90);
  memory.put(0x5000, std::move(code));
  return decode_prologue(memory, 0x5000);
}

TEST(PrologueTest, AddsUpWhatIsPushedBelowTheFramePointer) {
  // endbr64; push %rbp; mov %rsp,%rbp; push %r12; push %rbx; sub $0x20,%rsp
  const Prologue prologue = decode_function(
      {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x41, 0x54, 0x53, 0x48, 0x83, 0xec, 0x20});
  EXPECT_TRUE(prologue.sets_frame_pointer);
  EXPECT_EQ(prologue.frame_bytes, 0x30U);
}

TEST(PrologueTest, ReadsALargeFrame) {
  const Prologue prologue =
      decode_function({0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0x00, 0x10, 0x01, 0x00});
  EXPECT_EQ(prologue.frame_bytes, 0x11000U);
}

TEST(PrologueTest, TellsFunctionsWithoutFramePointer) {
  EXPECT_FALSE(decode_function({0x48, 0x83, 0xec, 0x08}).sets_frame_pointer);
  EXPECT_FALSE(decode_function({0x55, 0x53, 0x90}).sets_frame_pointer);
}

}  // namespace
}  // namespace xgops::unwind
