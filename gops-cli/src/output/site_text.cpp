// SPDX-License-Identifier: MIT
#include "output/site_text.hpp"

#include "output/escape.hpp"
#include "output/task_text.hpp"
#include "support/duration.hpp"

#include <array>
#include <ctime>

namespace xgops::cli {
namespace {

Json site_place_object(const SourcePlace& place) {
  Json object = Json::object();
  object["function"] = text_or_null(place.function);
  object["file"] = text_or_null(place.file);
  object["line"] = place.line != 0 ? Json(place.line) : Json();
  return object;
}

}  // namespace

std::string members_text(bool of_threads, std::uint64_t count) {
  return std::to_string(count) + (of_threads ? " thread" : " task") + (count == 1 ? "" : "s");
}

std::string where_text(const SourcePlace& place) {
  std::string text = escape(place.function);
  if (const std::string line = place_line(place); !line.empty()) {
    text += (text.empty() ? "" : " ") + line;
  }
  return text.empty() ? "-" : text;
}

std::string created_text(const SourcePlace& place) {
  std::string text = place_line(place);
  return text.empty() ? "-" : text;
}

std::string age_or_dash(std::int64_t age_ns) {
  return age_ns < 0 ? "-" : age_text(age_ns);
}

std::string looked_at_text(std::uint64_t threads, std::uint64_t tasks) {
  return members_text(true, threads) + " and " +
         (tasks == 0 ? "no task" : members_text(false, tasks));
}

std::string utc_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) {
    return "-";  // A year that no calendar has.
  }
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

void add_group(Json& object, const SiteGroup& group) {
  object["kind"] = group.site.of_threads ? "threads" : "tasks";
  object["count"] = group.count;
  object["oldest_ns"] = group.oldest_ns < 0 ? Json() : Json(group.oldest_ns);
  object["youngest_ns"] = group.youngest_ns < 0 ? Json() : Json(group.youngest_ns);
  object["ids"] = group.ids;
  object["wait"] = Json::object();
  object["wait"]["reason"] = group.site.reason;
  object["wait"]["text"] = group.site.wait;
  object["created"] = site_place_object(group.site.created);
  object["place"] = site_place_object(group.site.place);
  object["idle"] = group.site.idle;
}

}  // namespace xgops::cli
