// A plugin in C with the library of WASI, as a reactor: _initialize, then the verb. SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include "attach.h"

EXPORT("cni_add") int32_t cni_add(int32_t length) {
  printf("a request of %s bytes, PATH is %s\n", length > 0 ? "some" : "no", getenv("PATH") ? "there" : "not there");
  fprintf(stderr, "/etc/passwd is %s\n", fopen("/etc/passwd", "r") ? "there" : "not there");
  return is_add() ? attach() : 0;
}
