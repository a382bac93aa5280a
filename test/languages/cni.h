// The ABI for C: nothing but imports, and the little text handling that needs no library. SPDX-License-Identifier: Apache-2.0
#include <stddef.h>
#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("cni:abi/1", "take") int32_t cni_take(char *to, int32_t room);
IMPORT("cni:abi/1", "result") void cni_result(const char *text, int32_t length);
IMPORT("cni:abi/1", "fail") void cni_fail(const char *text, int32_t length);
IMPORT("cni:link/1", "create") int32_t link_create(const char *request, int32_t length);
IMPORT("cni:link/1", "set") int32_t link_set(const char *request, int32_t length);
IMPORT("cni:addr/1", "add") int32_t addr_add(const char *request, int32_t length);
IMPORT("cni:route/1", "add") int32_t route_add(const char *request, int32_t length);

EXPORT("cni_abi_1") void cni_abi_1(void) {}

static int32_t length_of(const char *text) {
  int32_t length = 0;
  while (text[length]) length++;
  return length;
}

/** A text that is put together piece by piece. */
struct text { char bytes[2048]; int32_t length; };

static void put(struct text *to, const char *piece) {
  while (*piece && to->length < (int32_t)sizeof to->bytes - 1) to->bytes[to->length++] = *piece++;
  to->bytes[to->length] = 0;
}

static void put_number(struct text *to, int32_t number) {
  char digits[12];
  int at = 11;
  digits[at] = 0;
  do digits[--at] = (char)('0' + number % 10); while (number /= 10);
  put(to, digits + at);
}

/** What stands behind `key` in a document the host wrote; 0 when it is not there. */
static const char *after(const char *document, const char *key) {
  for (; *document; document++) {
    int32_t i = 0;
    while (key[i] && document[i] == key[i]) i++;
    if (!key[i]) return document + i;
  }
  return 0;
}
