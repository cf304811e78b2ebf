// SPDX-License-Identifier: MIT
// The error category of the command line tool and its mapping to exit statuses.
#include "support/failure.hpp"

#include "xgops/protocol/errc.hpp"

#include <utility>

namespace xgops::cli {
namespace {

std::string_view kind_name(Failure failure) {
  switch (failure) {
    case Failure::kUsage:
      return "usage";
    case Failure::kNoProcess:
      return "no_process";
    case Failure::kOtherUser:
      return "other_user";
    case Failure::kPermission:
      return "permission";
    case Failure::kNoAgent:
      return "no_agent";
    case Failure::kNoAnswer:
      return "no_answer";
    case Failure::kIncompatible:
      return "incompatible";
    case Failure::kBadAnswer:
      return "bad_answer";
    case Failure::kOutput:
      return "output";
    case Failure::kProgram:
      return "program";
    case Failure::kRefused:
      return "refused";
  }
  return "other";
}

class FailureCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "xgops-cli"; }
  [[nodiscard]] std::string message(int value) const override {
    return std::string(kind_name(static_cast<Failure>(value)));
  }
};

bool is_permission(const std::error_code& code) {
  return code == std::errc::permission_denied || code == std::errc::operation_not_permitted ||
         code == protocol::Errc::kPermissionDenied || code == Failure::kOtherUser ||
         code == Failure::kPermission;
}

}  // namespace

const std::error_category& failure_category() noexcept {
  static const FailureCategory category;
  return category;
}

std::error_code make_error_code(Failure failure) noexcept {
  return {static_cast<int>(failure), failure_category()};
}

Error failure(Failure code, std::string what, std::string hint) {
  return Error{make_error_code(code), std::move(what), std::move(hint)};
}

ExitStatus exit_status_of(const Error& error) {
  if (error.code == Failure::kUsage) {
    return ExitStatus::kUsage;
  }
  return is_permission(error.code) ? ExitStatus::kPermission : ExitStatus::kTarget;
}

std::string_view kind_of(const Error& error) {
  if (error.code.category() == failure_category()) {
    return kind_name(static_cast<Failure>(error.code.value()));
  }
  if (is_permission(error.code)) {
    return "permission";
  }
  return error.code.category() == protocol::error_category() ? "agent" : "system";
}

std::string sentence_of(const Error& error) {
  // What an agent reports is a sentence of its own, too.
  const bool whole = error.code.category() == failure_category() ||
                     error.code.category() == protocol::error_category();
  return whole && !error.context.empty() ? error.context : error.message();
}

}  // namespace xgops::cli
