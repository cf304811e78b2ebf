// SPDX-License-Identifier: MIT
// Takes a demangled name apart at its brackets and puts it together in fewer characters.
#include "name_cleaner.hpp"

#include "template_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

namespace xgops::symbolize {

namespace {

constexpr int kMaxNesting = 200;
constexpr std::string_view kLambda = "<lambda(";

bool is_name_character(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_' ||
         character == '$';
}

/// Rewrites from left to right; each kind of bracket is a call of its own.
class Cleaner {
 public:
  explicit Cleaner(std::string_view text) noexcept : rest_(text) {}

  /// Nothing when the brackets do not match.
  std::optional<std::string> run() {
    std::string text;
    copy_until({'\0', '\0'}, text, 0);
    return failed_ || !rest_.empty() ? std::nullopt : std::optional(std::move(text));
  }

 private:
  using Ends = std::array<char, 2>;

  /// Copies up to one of the characters `ends` outside of any bracket, or to the end if they are
  /// NUL.
  void copy_until(Ends ends, std::string& text, int nesting) {
    if (nesting > kMaxNesting) {
      failed_ = true;
    }
    while (!failed_ && !rest_.empty()) {
      const char next = rest_.front();
      if (next == ends[0] || next == ends[1]) {
        return;
      }
      if ((next == '_' && take_namespace(text)) || (next == 'o' && take_operator(text, nesting)) ||
          (next == '[' && take_annotation())) {
        continue;
      }
      const bool behind_name = !text.empty() && is_name_character(text.back());
      if (next == '<' && behind_name) {
        take_arguments(text, nesting);
      } else if (next == '<' && rest_.substr(0, kLambda.size()) == kLambda) {
        take_lambda(text, nesting);
      } else if (next == '(' || next == '{' || next == '[') {
        take_brackets(text, nesting);
      } else if (next == ')' || next == '}' || next == ']') {
        failed_ = true;
      } else {
        text += next;
        rest_.remove_prefix(1);
      }
    }
    failed_ = failed_ || (rest_.empty() && ends[0] != '\0');
  }

  void take_brackets(std::string& text, int nesting) {
    const char open = rest_.front();
    const char close = open == '(' ? ')' : (open == '{' ? '}' : ']');
    text += open;
    rest_.remove_prefix(1);
    copy_until({close, close}, text, nesting + 1);
    if (!failed_) {
      text += close;
      rest_.remove_prefix(1);
    }
  }

  /// The debug information of GCC says "<lambda(int)>" where a mangled name says "{lambda(int)#1}".
  void take_lambda(std::string& text, int nesting) {
    text += '{';
    rest_.remove_prefix(1);
    copy_until({'>', '>'}, text, nesting + 1);
    if (!failed_) {
      text += '}';
      rest_.remove_prefix(1);
    }
  }

  void take_arguments(std::string& text, int nesting) {
    std::vector<std::string> arguments;
    do {
      rest_.remove_prefix(1);  // '<' or ','
      while (!rest_.empty() && rest_.front() == ' ') {
        rest_.remove_prefix(1);
      }
      std::string& argument = arguments.emplace_back();
      copy_until({',', '>'}, argument, nesting + 1);
      while (!argument.empty() && argument.back() == ' ') {
        argument.pop_back();
      }
    } while (!failed_ && rest_.front() == ',');
    if (failed_) {
      return;
    }
    rest_.remove_prefix(1);
    append_specialization(text, arguments);
  }

  static void append_specialization(std::string& text, std::vector<std::string>& arguments) {
    auto begin = text.size();
    while (begin > 0 && (is_name_character(text[begin - 1]) || text[begin - 1] == ':')) {
      --begin;
    }
    const std::string name = text.substr(begin);
    drop_default_arguments(name, arguments);
    std::string specialization = name + "<";
    for (const auto& argument : arguments) {
      specialization += (&argument == &arguments.front() ? "" : ", ") + argument;
    }
    specialization += '>';
    const std::string_view prefix = name.substr(0, 7) == "boost::" ? "boost::" : "";
    const auto alias = alias_of(std::string_view(specialization).substr(prefix.size()));
    text.resize(begin);
    if (alias.empty()) {
      text += specialization;
    } else {
      text += prefix;
      text += alias;
    }
  }

  /// Leaves out namespaces that only carry the version of a library's binary interface.
  bool take_namespace(const std::string& text) {
    constexpr std::array<std::string_view, 5> kVersions = {
        "__cxx11::", "__1::", "__ndk1::", "_V2::", "__v2::"};
    if (text.size() < 2 || text.compare(text.size() - 2, 2, "::") != 0) {
      return false;
    }
    for (const auto version : kVersions) {
      if (rest_.substr(0, version.size()) == version) {
        rest_.remove_prefix(version.size());
        return true;
      }
    }
    return false;
  }

  /// Copies the name of an operator, whose brackets are none.
  bool take_operator(std::string& text, int nesting) {
    constexpr std::string_view kWord = "operator";
    if (rest_.substr(0, kWord.size()) != kWord ||
        (!text.empty() && is_name_character(text.back()))) {
      return false;
    }
    constexpr std::array<std::string_view, 13> kSymbols = {
        "<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "()", "<", ">", ","};
    const auto behind = rest_.substr(kWord.size());
    for (const auto symbol : kSymbols) {
      if (behind.substr(0, symbol.size()) == symbol) {
        text += kWord;
        text += symbol;
        rest_.remove_prefix(kWord.size() + symbol.size());
        // "operator< <int>" and "operator()<int>" have template arguments.
        const auto arguments = rest_.find_first_not_of(' ');
        if (arguments != std::string_view::npos && rest_[arguments] == '<') {
          text.append(arguments, ' ');
          rest_.remove_prefix(arguments);
          take_arguments(text, nesting);
        }
        return true;
      }
    }
    return false;
  }

  /// "[abi:cxx11]" says which of two equal functions this is; nobody has both.
  bool take_annotation() {
    constexpr std::string_view kAnnotation = "[abi:";
    const auto end = rest_.find(']');
    if (rest_.substr(0, kAnnotation.size()) != kAnnotation || end == std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(end + 1);
    return true;
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// Where the name begins behind the return type, which only templates have.
std::size_t name_begin(std::string_view text) {
  constexpr std::array<std::string_view, 3> kSentences = {" thunk to ", " for ", " keyed to "};
  for (const auto sentence : kSentences) {
    if (text.find(sentence) != std::string_view::npos) {
      return 0;
    }
  }
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  constexpr std::string_view kOperator = "operator";
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (text.substr(i, kAnonymous.size()) == kAnonymous) {
      i += kAnonymous.size() - 1;
    } else if (depth == 0 && text.substr(i, kOperator.size()) == kOperator &&
               (i == 0 || !is_name_character(text[i - 1]))) {
      return begin;  // A conversion's name has spaces, a comparison's has brackets.
    } else if (depth == 0 && character == '(') {
      // "decltype(...)" and "void (*f<int>())()" are no list of parameters.
      const bool is_type = i >= 8 && text.substr(i - 8, 8) == "decltype";
      const bool is_declarator = i > 0 && text[i - 1] == ' ';
      if (is_type || is_declarator) {
        return 0;
      }
      return begin;
    } else if (character == '<' || character == '{' || character == '[' || character == '(') {
      ++depth;
    } else if (character == '>' || character == '}' || character == ']' || character == ')') {
      --depth;
    } else if (depth == 0 && character == ' ') {
      begin = i + 1;
    }
  }
  return 0;  // No parameters: a variable, or a name from the debug information.
}

}  // namespace

std::string clean_name(std::string_view name) {
  auto cleaned = Cleaner(name).run();
  if (!cleaned) {
    return std::string(name);
  }
  const auto begin = name_begin(*cleaned);
  return begin == 0 ? *std::move(cleaned) : cleaned->substr(begin);
}

}  // namespace xgops::symbolize
