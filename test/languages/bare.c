// A plugin in C without any library. SPDX-License-Identifier: Apache-2.0
#include "attach.h"

EXPORT("cni_add") int32_t cni_add(int32_t length) {
  (void)length;
  return is_add() ? attach() : 0;
}
