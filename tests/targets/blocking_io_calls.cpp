// SPDX-License-Identifier: MIT
// Calls that wait for bytes or peers.
#include "blocking_calls.hpp"

#include <sys/uio.h>

namespace target {
namespace {

void set_timeout(int fd, int option) {
  const timeval two_hours{7200, 0};
  check(::setsockopt(fd, SOL_SOCKET, option, &two_hours, sizeof two_hours), "setsockopt");
}

long read_byte(Actor& actor, int fd) {
  char byte = 0;
  actor.about_to_block();
  return ::read(fd, &byte, sizeof byte);
}

long receive_byte(Actor& actor, int fd) {
  char byte = 0;
  actor.about_to_block();
  return ::recv(fd, &byte, sizeof byte, 0);
}

long receive_messages(Actor& actor, bool many) {
  char byte = 0;
  iovec part{&byte, 1};
  mmsghdr message{};
  message.msg_hdr.msg_iov = &part;
  message.msg_hdr.msg_iovlen = 1;
  timespec timeout{7200, 0};
  const int fd = make_socket_pair(SOCK_DGRAM).first;
  actor.about_to_block();
  return many ? ::recvmmsg(fd, &message, 1, 0, &timeout) : ::recvmsg(fd, &message.msg_hdr, 0);
}

}  // namespace

void append_io_calls(std::vector<BlockingCall>& calls) {
  calls.push_back(
      {"read pipe", SYS_read, [](Actor& actor) { return read_byte(actor, make_pipe().first); }});
  calls.push_back({"write full pipe", SYS_write, [](Actor& actor) -> long {
                     const int fd = make_pipe().second;
                     fill(fd);
                     const std::vector<char> block(4096);
                     actor.about_to_block();
                     return ::write(fd, block.data(), block.size());
                   }});
  calls.push_back({"splice pipe", SYS_splice, [](Actor& actor) -> long {
                     const Ends from = make_pipe();
                     const Ends to = make_pipe();
                     actor.about_to_block();
                     return ::splice(from.first, nullptr, to.second, nullptr, 4096, 0);
                   }});
  calls.push_back({"recv unix", SYS_recvfrom,
                   [](Actor& actor) { return receive_byte(actor, make_socket_pair().first); }});
  calls.push_back({"recv unix timed", SYS_recvfrom, [](Actor& actor) {
                     const int fd = make_socket_pair().first;
                     set_timeout(fd, SO_RCVTIMEO);
                     return receive_byte(actor, fd);
                   }});
  calls.push_back({"recv tcp timed", SYS_recvfrom, [](Actor& actor) {
                     const int fd = connect_tcp(listen_tcp());
                     set_timeout(fd, SO_RCVTIMEO);
                     return receive_byte(actor, fd);
                   }});
  calls.push_back(
      {"recvmsg", SYS_recvmsg, [](Actor& actor) { return receive_messages(actor, false); }});
  calls.push_back(
      {"recvmmsg", SYS_recvmmsg, [](Actor& actor) { return receive_messages(actor, true); }});
  calls.push_back({"send timed", SYS_sendto, [](Actor& actor) -> long {
                     const int fd = make_socket_pair().first;
                     fill(fd);
                     set_timeout(fd, SO_SNDTIMEO);
                     const std::vector<char> block(4096);
                     actor.about_to_block();
                     return ::send(fd, block.data(), block.size(), 0);
                   }});
  calls.push_back({"accept", SYS_accept, [](Actor& actor) -> long {
                     const int fd = listen_tcp().fd;
                     actor.about_to_block();
                     return ::accept(fd, nullptr, nullptr);
                   }});
  calls.push_back({"accept timed", SYS_accept, [](Actor& actor) -> long {
                     const int fd = listen_tcp().fd;
                     set_timeout(fd, SO_RCVTIMEO);
                     actor.about_to_block();
                     return ::accept(fd, nullptr, nullptr);
                   }});
  calls.push_back({"connect", SYS_connect, [](Actor& actor) -> long {
                     const FullListener listener;
                     actor.about_to_block();
                     return listener.connect_blocking();
                   }});
}

std::vector<BlockingCall> blocking_calls() {
  std::vector<BlockingCall> calls;
  append_io_calls(calls);
  append_sleeping_calls(calls);
  append_locking_calls(calls);
  append_kernel_object_calls(calls);
  return calls;
}

}  // namespace target
