// SPDX-License-Identifier: MIT
// What the sockets of a network namespace are, from the tables of the kernel.
#pragma once

#include "proc/process.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace xgops::cli::proc {

/// Inodes of sockets and what each is: "tcp 127.0.0.1:80 -> 127.0.0.1:40404". Empty: not known.
using SocketNames = std::map<std::uint64_t, std::string>;

/// Looks the keys of `names` up in the network namespace of `pid`: TCP, UDP and Unix sockets.
/// Cost: reads those tables, some 100 us for 1000 sockets, until all are known.
void find_sockets(const Table& processes, pid_t pid, SocketNames& names);

/// Parsers, apart for tests: of /proc/net/tcp and the like (`protocol` is the word for the name),
/// and of /proc/net/unix, which does not tell of peers. Lines that make no sense are passed over.
void find_in_internet_table(std::string_view text, std::string_view protocol, SocketNames& names);
void find_in_unix_table(std::string_view text, SocketNames& names);

}  // namespace xgops::cli::proc
