// SPDX-License-Identifier: MIT
// operator new with a counter in front.
#include "allocation_meter.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t t_allocated_bytes = 0;

void* counted(std::size_t size) noexcept {
  t_allocated_bytes += size;
  return std::malloc(size == 0 ? 1 : size);
}

void* counted_or_throw(std::size_t size) {
  void* const memory = counted(size);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted_or_throw(size);
}
void* operator new[](std::size_t size) {
  return counted_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return counted(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace xgops::test {

AllocationMeter::AllocationMeter() noexcept : start_(t_allocated_bytes) {}

std::size_t AllocationMeter::bytes() const noexcept {
  return t_allocated_bytes - start_;
}

}  // namespace xgops::test
