// SPDX-License-Identifier: MIT
#include "commands/leak_mapping.hpp"

#include "xgops/protocol/codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::commands {
namespace {

leaks::LeakGroup group_at(std::uint64_t address) {
  leaks::LeakGroup group;
  group.is_thread = true;
  group.fate = leaks::Fate::kBlocked;
  group.count = 1;
  group.ids = {7};
  group.state = "mutex lock";
  group.frames.push_back({"", "", 0, address, true});
  group.created.push_back({"main", "a.cpp", 3});
  return group;
}

threads::Module module_at(std::uint32_t id, std::uint64_t begin) {
  threads::Module module;
  module.id = id;
  module.begin = begin;
  module.end = begin + 0x1000;
  module.path = "/srv/" + std::to_string(id);
  return module;
}

TEST(LeakMappingTest, KeepsBareAddressesAndPlaces) {
  leaks::Outcome outcome;
  outcome.leaks.threads = 1;
  outcome.leaks.unseen = true;
  outcome.leaks.groups = {group_at(0x1234)};
  const protocol::TestReport report = to_wire(outcome);

  EXPECT_EQ(report.threads, 1U);
  EXPECT_TRUE(report.unseen);
  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups[0].fate, protocol::LeakFate::kBlocked);
  EXPECT_EQ(report.groups[0].frames.at(0).instruction_pointer, 0x1234U);
  EXPECT_EQ(report.groups[0].frames.at(0).flags, protocol::kExactPointer);
  EXPECT_EQ(report.groups[0].created.at(0).instruction_pointer, 0U);
  EXPECT_EQ(report.groups[0].created.at(0).function, "main");
}

TEST(LeakMappingTest, ListsTheModulesThatAreNeeded) {
  leaks::Outcome outcome;
  outcome.leaks.groups = {group_at(0x2800)};
  outcome.modules = {module_at(1, 0x1000), module_at(2, 0x2000), module_at(3, 0x3000)};
  const protocol::TestReport report = to_wire(outcome);

  ASSERT_EQ(report.modules.size(), 1U);
  EXPECT_EQ(report.modules[0].id, 2U);
}

TEST(LeakMappingTest, KeepsToTheLimitOfGroups) {
  leaks::Outcome outcome;
  for (std::size_t i = 0; i < protocol::kMaxLeakGroups + 3; ++i) {
    outcome.leaks.groups.push_back(group_at(i + 1));
  }
  const protocol::TestReport report = to_wire(outcome);

  EXPECT_EQ(report.groups.size(), protocol::kMaxLeakGroups);
  EXPECT_EQ(report.unlisted_groups, 3U);
}

TEST(LeakMappingTest, KeepsToTheLimitOfBytes) {
  leaks::LeakGroup large = group_at(1);
  large.name = std::string(100'000, 'n');
  for (int i = 0; i < 64; ++i) {
    large.frames.push_back({std::string(100'000, 'f'), std::string(100'000, 'g'), 1});
  }
  leaks::Outcome outcome;
  outcome.leaks.groups.assign(100, large);
  const protocol::TestReport report = to_wire(outcome);

  EXPECT_GT(report.groups.size(), 0U);
  EXPECT_EQ(report.groups.size() + report.unlisted_groups, 100U);
  EXPECT_EQ(report.groups[0].name.size(), protocol::kMaxLeakTextBytes);
  EXPECT_LT(protocol::encode(report).size(), protocol::kMaxTestReportBytes);
}

}  // namespace
}  // namespace xgops::commands
