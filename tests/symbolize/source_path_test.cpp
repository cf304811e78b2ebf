// SPDX-License-Identifier: MIT
// Joining the parts of source paths.
#include "source_path.hpp"

#include <gtest/gtest.h>

namespace xgops::symbolize {

TEST(SourcePathTest, JoinsRelativeParts) {
  EXPECT_EQ(join_source_path("/src/app", "lib", "a.cpp"), "/src/app/lib/a.cpp");
  EXPECT_EQ(join_source_path("/src/app", "", "a.cpp"), "/src/app/a.cpp");
  EXPECT_EQ(join_source_path("", "", "a.cpp"), "a.cpp");
}

TEST(SourcePathTest, BeginsAnewAtAnAbsolutePart) {
  EXPECT_EQ(join_source_path("/src/app", "/usr/include", "a.h"), "/usr/include/a.h");
  EXPECT_EQ(join_source_path("/src/app", "lib", "/gen/a.h"), "/gen/a.h");
}

TEST(SourcePathTest, RemovesDetours) {
  EXPECT_EQ(join_source_path("/src/app", "../lib/./x", "a.cpp"), "/src/lib/x/a.cpp");
  EXPECT_EQ(join_source_path("./nptl", "../sysdeps", "a.c"), "sysdeps/a.c");
  EXPECT_EQ(join_source_path("nptl", "../../sysdeps", "a.c"), "../sysdeps/a.c");
  EXPECT_EQ(join_source_path("/", "../..", "a.c"), "/a.c");
}

TEST(SourcePathTest, IsEmptyForNothing) {
  EXPECT_EQ(join_source_path("", "", ""), "");
}

}  // namespace xgops::symbolize
