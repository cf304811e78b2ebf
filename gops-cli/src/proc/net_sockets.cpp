// SPDX-License-Identifier: MIT
#include "proc/net_sockets.hpp"

#include "proc/files.hpp"
#include "proc/words.hpp"
#include "support/parse.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace xgops::cli::proc {
namespace {

struct InternetTable {
  const char* file;
  const char* protocol;
};
constexpr std::array<InternetTable, 4> kInternetTables{
    {{"net/tcp", "tcp"}, {"net/tcp6", "tcp"}, {"net/udp", "udp"}, {"net/udp6", "udp"}}};
constexpr std::uint32_t kTcpListening = 0x0a;         // TCP_LISTEN
constexpr std::uint32_t kUnixListening = 0x00010000;  // __SO_ACCEPTCON

struct Address {
  std::string text;
  bool is_set = false;  ///< There is a port.
};

/// "0100007F:0050": words of the address as the machine keeps them, then the port.
std::optional<Address> parse_address(std::string_view field) {
  constexpr std::size_t kWordDigits = 8;
  const std::size_t colon = field.find(':');
  std::array<std::uint32_t, 4> words{};
  if (colon != kWordDigits && colon != kWordDigits * words.size()) {
    return std::nullopt;
  }
  const std::size_t count = colon / kWordDigits;
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = parse_integer<std::uint32_t>(field.substr(i * kWordDigits, kWordDigits), 16);
    if (!word) {
      return std::nullopt;
    }
    words[i] = *word;
  }
  const auto port = parse_integer<std::uint16_t>(field.substr(colon + 1), 16);
  if (!port) {
    return std::nullopt;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(count == 1 ? AF_INET : AF_INET6, words.data(), text.data(), text.size());
  std::string host(text.data());
  if (count != 1) {
    host = "[" + host + "]";
  }
  return Address{host + ":" + std::to_string(*port), *port != 0};
}

/// Where the name of the socket with this inode belongs; null when nobody asked for it.
std::string* place_of(std::string_view inode, SocketNames& names) {
  const auto number = parse_integer<std::uint64_t>(inode);
  const auto found = number ? names.find(*number) : names.end();
  return found == names.end() ? nullptr : &found->second;
}

bool all_known(const SocketNames& names) {
  return std::none_of(names.begin(), names.end(),
                      [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace

void find_in_internet_table(std::string_view text, std::string_view protocol, SocketNames& names) {
  next_line(text);  // The heading.
  while (!text.empty()) {
    std::string_view line = next_line(text);
    // sl local_address rem_address st queues timer retrnsmt uid timeout inode
    std::array<std::string_view, 10> words;
    for (std::string_view& word : words) {
      word = next_word(line);
    }
    std::string* const name = place_of(words[9], names);
    const auto local = parse_address(words[1]);
    const auto remote = parse_address(words[2]);
    if (name == nullptr || !local || !remote) {
      continue;
    }
    *name = std::string(protocol) + " " + local->text;
    if (parse_integer<std::uint32_t>(words[3], 16) == kTcpListening && protocol == "tcp") {
      *name += " (listening)";
    } else if (remote->is_set) {
      *name += " -> " + remote->text;
    }
  }
}

void find_in_unix_table(std::string_view text, SocketNames& names) {
  next_line(text);  // The heading.
  while (!text.empty()) {
    std::string_view line = next_line(text);
    // Num RefCount Protocol Flags Type St Inode Path
    std::array<std::string_view, 7> words;
    for (std::string_view& word : words) {
      word = next_word(line);
    }
    std::string* const name = place_of(words[6], names);
    if (name == nullptr) {
      continue;
    }
    if (!line.empty()) {
      line.remove_prefix(1);  // One blank; further ones belong to the path.
    }
    *name = "unix " + (line.empty() ? "unnamed" : std::string(line));
    const auto flags = parse_integer<std::uint32_t>(words[3], 16);
    if (flags && (*flags & kUnixListening) != 0) {
      *name += " (listening)";
    }
  }
}

void find_sockets(const Table& processes, pid_t pid, SocketNames& names) {
  for (const InternetTable& table : kInternetTables) {
    if (all_known(names)) {
      return;
    }
    if (const auto text = read_file(processes.path(pid, table.file))) {
      find_in_internet_table(*text, table.protocol, names);
    }
  }
  if (!all_known(names)) {
    if (const auto text = read_file(processes.path(pid, "net/unix"))) {
      find_in_unix_table(*text, names);
    }
  }
}

}  // namespace xgops::cli::proc
