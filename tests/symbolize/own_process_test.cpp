// SPDX-License-Identifier: MIT
// This very process as the target: its functions, the C++ library, libc, the vdso, made-up code.
#include "fixture.hpp"
#include "vdso.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

namespace xgops::symbolize::test {

__attribute__((noinline, visibility("default"))) void* return_address_in_here() {
  return __builtin_extract_return_addr(__builtin_return_address(0));
}

namespace {

namespace fs = std::filesystem;

std::vector<Module> own_modules() {
  std::vector<Module> modules;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        Module module;
        module.begin = ~std::uint64_t{0};
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& header = info->dlpi_phdr[i];
          if (header.p_type == PT_LOAD) {
            module.begin = std::min(module.begin, info->dlpi_addr + header.p_vaddr);
            module.end = std::max(module.end, info->dlpi_addr + header.p_vaddr + header.p_memsz);
          }
        }
        module.begin &= ~std::uint64_t{4095};
        module.bias = info->dlpi_addr;
        module.path = info->dlpi_name;
        if (module.path.empty()) {
          module.path = fs::read_symlink("/proc/self/exe");
        } else if (module.path.front() != '/') {
          module.path = "[vdso]";
        }
        static_cast<std::vector<Module>*>(result)->push_back(module);
        return 0;
      },
      &modules);
  return modules;
}

Symbolizer own_symbolizer(SymbolizerOptions options) {
  Symbolizer symbolizer(std::move(options));
  for (auto& module : own_modules()) {
    symbolizer.add_module(module);
  }
  return symbolizer;
}

SymbolizerOptions own_options() {
  SymbolizerOptions options;
  options.pid = ::getpid();
  return options;
}

/// The vdso of this process as a module, with its build-id.
Module own_vdso() {
  const auto modules = own_modules();
  const auto found = std::find_if(modules.begin(), modules.end(),
                                  [](const Module& module) { return module.path == "[vdso]"; });
  return found == modules.end() ? Module{} : *found;
}

template <class Function>
std::uint64_t address_of(Function* function) {
  return reinterpret_cast<std::uintptr_t>(function);
}

}  // namespace

TEST(OwnProcessTest, NamesAFunctionOfTheProgramWithFileAndLine) {
  Symbolizer symbolizer = own_symbolizer(own_options());

  const auto address = address_of(&return_address_in_here);
  const auto& symbol = symbolizer.symbolize(address, true).back();

  EXPECT_EQ(symbol.function, "xgops::symbolize::test::return_address_in_here()");
  EXPECT_EQ(fs::path(symbol.file).filename(), "own_process_test.cpp");
  EXPECT_GT(symbol.line, 0U);
  EXPECT_EQ(symbol.module, fs::read_symlink("/proc/self/exe").filename());
}

TEST(OwnProcessTest, NamesTheTestThatIsRunning) {
  Symbolizer symbolizer = own_symbolizer(own_options());

  const auto address = address_of(static_cast<char*>(return_address_in_here()));
  const auto line = __LINE__ - 1;
  const auto& symbol = symbolizer.symbolize(address, false).back();

  EXPECT_NE(symbol.function.find("NamesTheTestThatIsRunning"), std::string::npos)
      << symbol.function;
  EXPECT_EQ(symbol.line, static_cast<std::uint32_t>(line));
}

TEST(OwnProcessTest, NamesFunctionsOfTheLibraries) {
  Symbolizer symbolizer = own_symbolizer(own_options());
  void* const terminate = ::dlsym(RTLD_DEFAULT, "_ZSt9terminatev");
  void* const get_pid = ::dlsym(RTLD_DEFAULT, "getppid");
  ASSERT_NE(terminate, nullptr);
  ASSERT_NE(get_pid, nullptr);

  const auto& cpp = symbolizer.symbolize(address_of(static_cast<char*>(terminate)), true);
  const auto& libc = symbolizer.symbolize(address_of(static_cast<char*>(get_pid)), true);

  EXPECT_EQ(cpp.back().function, "std::terminate()");
  EXPECT_EQ(cpp.back().module.substr(0, 12), "libstdc++.so");
  EXPECT_EQ(libc.back().function, "getppid");
  EXPECT_EQ(libc.back().module, "libc.so.6");
}

TEST(OwnProcessTest, NamesEveryFunctionOfTheVdso) {
  const Module vdso = own_vdso();
  if (vdso.end == 0) {
    GTEST_SKIP() << "this kernel gives us no vdso";
  }
  TargetFiles files(::getpid());
  const auto image = open_vdso(files, vdso.begin, {});
  ASSERT_TRUE(image) << image.error().message();
  Symbolizer symbolizer = own_symbolizer(own_options());

  std::vector<std::string> names;
  for (const auto& table : image.value()->symbol_tables(SHT_DYNSYM)) {
    for (const auto& symbol : table.symbols) {
      if ((symbol.st_info & 0xfU) == STT_FUNC && symbol.st_shndx != SHN_UNDEF) {
        const auto& symbols = symbolizer.symbolize(vdso.bias + symbol.st_value, true);
        EXPECT_EQ(symbols.back().module, "[vdso]");
        names.push_back(symbols.back().function);
      }
    }
  }

  EXPECT_NE(std::find(names.begin(), names.end(), "clock_gettime"), names.end())
      << testing::PrintToString(names);
  EXPECT_EQ(std::find(names.begin(), names.end(), ""), names.end());
}

TEST(OwnProcessTest, UsesItsOwnVdsoForATargetOnlyWhenTheBuildIdsAgree) {
  Module vdso = own_vdso();
  if (vdso.end == 0) {
    GTEST_SKIP() << "this kernel gives us no vdso";
  }
  TargetFiles own(::getpid());
  const auto image = open_vdso(own, vdso.begin, {});
  ASSERT_TRUE(image);
  TargetFiles none(0);

  EXPECT_TRUE(open_vdso(none, vdso.begin, image.value()->build_id()));
  EXPECT_FALSE(open_vdso(none, vdso.begin, {1, 2, 3, 4}));
  EXPECT_FALSE(open_vdso(none, vdso.begin, {}));
}

class PerfMapTest : public testing::Test {
 protected:
  void SetUp() override {
    code_ = ::mmap(nullptr, kSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(code_, MAP_FAILED);
  }
  void TearDown() override {
    ::munmap(code_, kSize);
    fs::remove(path_);
  }

  void append(std::uint64_t offset, std::uint64_t size, const std::string& name) const {
    std::ofstream file(path_, std::ios::app);
    file << std::hex << address(offset) << " " << size << " " << name << "\n";
  }
  [[nodiscard]] std::uint64_t address(std::uint64_t offset) const {
    return reinterpret_cast<std::uintptr_t>(code_) + offset;
  }

  static constexpr std::size_t kSize = 65536;
  const fs::path path_ = "/tmp/perf-" + std::to_string(::getpid()) + ".map";
  void* code_ = nullptr;
};

TEST_F(PerfMapTest, NamesCodeThatACompilerMadeAtRunTime) {
  append(0, 0x40, "LazyCompile:~add file.js:3");
  append(0x40, 0x10, "stub");
  Symbolizer symbolizer = own_symbolizer(own_options());

  const auto& symbol = symbolizer.symbolize(address(0x3f), true).front();

  EXPECT_EQ(symbol.function, "LazyCompile:~add file.js:3");
  EXPECT_EQ(symbol.module, "");
  EXPECT_EQ(symbol.offset, address(0x3f));
  EXPECT_EQ(symbolizer.symbolize(address(0x40), true).front().function, "stub");
  EXPECT_EQ(symbolizer.symbolize(address(0x50), true).front().function, "");
}

TEST_F(PerfMapTest, ReadsTheListAgainWhenItHasGrownAndBelievesTheLastEntry) {
  append(0, 0x40, "first");
  Symbolizer symbolizer = own_symbolizer(own_options());
  EXPECT_EQ(symbolizer.symbolize(address(0), true).front().function, "first");

  append(0x100, 0x40, "second");
  append(0, 0x40, "third");

  EXPECT_EQ(symbolizer.symbolize(address(0x110), true).front().function, "second");
  EXPECT_EQ(symbolizer.symbolize(address(8), true).front().function, "third");
}

TEST_F(PerfMapTest, IgnoresAListOfSomebodyElse) {
  append(0, 0x40, "forged");
  if (::chown(path_.c_str(), 12345, 12345) != 0) {
    GTEST_SKIP() << "needs root to give a file away";
  }
  Symbolizer symbolizer = own_symbolizer(own_options());

  EXPECT_EQ(symbolizer.symbolize(address(0), true).front().function, "");
}

}  // namespace xgops::symbolize::test
