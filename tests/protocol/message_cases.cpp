// SPDX-License-Identifier: MIT
// Makes the cases from the catalog and the samples: a new exchange needs no edit here.
#include "message_cases.hpp"

#include "samples/sample.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/test_report.hpp"

#include <tuple>
#include <typeinfo>
#include <utility>

namespace xgops::test {
namespace {

using protocol::Bytes;

template <class Message>
MessageCase make_case(protocol::MessageType type) {
  const auto message = sample<Message>();
  protocol::Header header;
  header.type = type;
  header.request_id = 0x0403'0201;

  MessageCase result;
  result.type_name = short_type_name(typeid(Message));
  result.name = snake_case(result.type_name);
  result.whole = protocol::encode_message(header, message);
  result.payload = protocol::encode(message);
  result.default_payload = protocol::encode(Message{});
  result.annotation = Annotator::annotate(message);
  result.recode = [](std::span<const std::byte> payload) -> Result<Bytes> {
    auto decoded = protocol::decode<Message>(payload);
    if (!decoded) {
      return std::move(decoded).error();
    }
    return protocol::encode(*decoded);
  };
  return result;
}

template <class Exchange>
void add_exchange(std::vector<MessageCase>& cases) {
  cases.push_back(make_case<typename Exchange::Request>(Exchange::kType));
  cases.push_back(make_case<typename Exchange::Response>(Exchange::kType));
}

template <class... Exchanges>
std::vector<MessageCase> make_cases(std::type_identity<std::tuple<Exchanges...>> /*catalog*/) {
  std::vector<MessageCase> cases;
  cases.push_back(make_case<protocol::ErrorReply>(protocol::ErrorReply::kType));
  cases.push_back(make_case<protocol::TestReport>(protocol::TestReport::kType));
  (add_exchange<Exchanges>(cases), ...);
  return cases;
}

}  // namespace

const std::vector<MessageCase>& message_cases() {
  static const std::vector<MessageCase> cases = make_cases(std::type_identity<protocol::Catalog>{});
  return cases;
}

}  // namespace xgops::test
