// A plugin in C as a WASI command: its verb is in the request, what main returns is its answer. SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "attach.h"

int main(int argc, char **argv) {
  (void)argv;
  struct timespec now;
  printf("%s, %s\n", argc > 1 ? "arguments" : "no arguments", clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec > 1700000000 ? "a clock" : "no clock");
  fflush(stdout);
  return is_add() ? attach() : 0;
}
