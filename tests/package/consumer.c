/* SPDX-License-Identifier: MIT
 * A program in C that adopts xgops through its binary interface. */

#include <xgops/agent_abi.h>

#include <stdio.h>
#include <string.h>

int main(void) {
  xgops_agent_error error;
  memset(&error, 0, sizeof error);
  error.size = sizeof error;
  if (xgops_agent_start(NULL, &error) != XGOPS_OK) {
    fprintf(stderr, "consumer: %s\n", error.context);
    return 1;
  }
  printf("ready %s\n", xgops_agent_version());
  fflush(stdout);
  while (getchar() != EOF) {
  }
  xgops_agent_stop();
  return 0;
}
