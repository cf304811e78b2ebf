// SPDX-License-Identifier: MIT
// Building names from entries and the entries around them.
#include "die_names.hpp"

#include "demangle.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <dwarf.h>

namespace xgops::symbolize {

namespace {

constexpr int kMaxDepth = 8;
constexpr int kMaxReferences = 16;
constexpr std::size_t kMaxNameBytes = 64U << 10U;

std::string string_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  const char* text =
      dwarf_attr_integrate(&die, attribute, &found) == nullptr ? nullptr : dwarf_formstring(&found);
  return text == nullptr ? std::string{} : std::string(text, ::strnlen(text, kMaxNameBytes));
}

std::string linkage_name(Dwarf_Die& die) {
  std::string name = string_of(die, DW_AT_linkage_name);
  return name.empty() ? string_of(die, DW_AT_MIPS_linkage_name) : name;
}

/// The entry that `die` refers to with `attribute`.
std::optional<Dwarf_Die> referred(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Die target;
  if (dwarf_attr(&die, attribute, &found) == nullptr ||
      dwarf_formref_die(&found, &target) == nullptr) {
    return std::nullopt;
  }
  return target;
}

/// Where the function is declared: in its class or namespace.
Dwarf_Die declaration_of(Dwarf_Die die) {
  for (int i = 0; i < kMaxReferences; ++i) {
    auto next = referred(die, DW_AT_abstract_origin);
    if (!next) {
      next = referred(die, DW_AT_specification);
    }
    if (!next) {
      break;
    }
    die = *next;
  }
  return die;
}

/// GCC calls the class of a lambda `<lambda(int)>`, clang gives it no name.
std::string class_name(const std::string& plain) {
  if (plain.empty()) {
    return "{anonymous class}";
  }
  if (plain.size() > 2 && plain.front() == '<' && plain.back() == '>') {
    return "{" + plain.substr(1, plain.size() - 2) + "}";
  }
  return plain;
}

}  // namespace

const std::string& DieNames::function(std::size_t offset) {
  static const std::string no_name;
  Dwarf_Die die;
  if (dwarf_offdie(file_.handle(), offset, &die) == nullptr) {
    return no_name;
  }
  if (auto origin = referred(die, DW_AT_abstract_origin)) {
    die = *origin;
  }
  const auto known = known_.find(die.addr);
  if (known != known_.end()) {
    return known->second;
  }
  return known_.emplace(die.addr, name(die, 0)).first->second;
}

std::string DieNames::name(Dwarf_Die& die, int depth) {
  if (const auto mangled = linkage_name(die); !mangled.empty()) {
    return readable_symbol(mangled);
  }
  const auto plain = string_of(die, DW_AT_name);
  if (plain.empty()) {
    return {};
  }
  Dwarf_Die declaration = declaration_of(die);
  return readable_name(qualified(declaration, plain, depth));
}

std::string DieNames::qualified(Dwarf_Die& declaration, const std::string& plain, int depth) {
  DwarfUnit* unit = depth < kMaxDepth ? file_.unit_of(declaration) : nullptr;
  if (unit == nullptr) {
    return plain;
  }
  auto around = unit->enclosing(dwarf_dieoffset(&declaration));
  Dwarf* dwarf = dwarf_cu_getdwarf(declaration.cu);
  std::string text = plain;
  // From the inside, because a function on the way knows all that is around it.
  std::reverse(around.begin(), around.end());
  for (const auto offset : around) {
    Dwarf_Die scope;
    if (dwarf_offdie(dwarf, offset, &scope) == nullptr) {
      break;
    }
    bool complete = false;
    const std::string outer = scope_name(scope, depth, complete);
    if (!outer.empty()) {
      text.insert(0, outer + "::");
    }
    if (complete) {
      break;
    }
  }
  return text;
}

std::string DieNames::scope_name(Dwarf_Die& scope, int depth, bool& complete) {
  switch (dwarf_tag(&scope)) {
    case DW_TAG_namespace:
    case DW_TAG_module: {
      const auto plain = string_of(scope, DW_AT_name);
      return plain.empty() ? "(anonymous namespace)" : plain;
    }
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
    case DW_TAG_enumeration_type: {
      auto plain = string_of(scope, DW_AT_name);
      if (plain.empty()) {
        if (auto type = referred(scope, DW_AT_signature)) {
          plain = string_of(*type, DW_AT_name);
        }
      }
      return class_name(plain);
    }
    case DW_TAG_subprogram:
      complete = true;
      return name(scope, depth + 1);
    default:
      return {};
  }
}

}  // namespace xgops::symbolize
