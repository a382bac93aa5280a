// An attachment in C: a veth pair, an address, a route. The same as assemblyscript/index.ts. SPDX-License-Identifier: Apache-2.0
#include "cni.h"

static char taken[16384];

/** Takes what an operation left: its answer, or an error, which becomes the plugin's own. */
static int answered(int32_t length) {
  int failed = length < 0;
  int32_t count = cni_take(taken, sizeof taken - 1);
  taken[count > 0 ? count : 0] = 0;
  if (failed) cni_fail(taken, count);
  return failed;
}

static int32_t number_after(const char *key) {
  const char *at = after(taken, key);
  int32_t number = 0;
  while (at && *at >= '0' && *at <= '9') number = number * 10 + (*at++ - '0');
  return number;
}

static void copy_word(struct text *to, const char *document, const char *key) {
  const char *at = after(document, key);
  char one[2] = {0, 0};
  for (; at && *at && *at != '"'; at++) { one[0] = *at; put(to, one); }
}

static int up(int32_t link) {
  static struct text request;
  request.length = 0;
  put(&request, "{\"link\":"); put_number(&request, link); put(&request, ",\"up\":true}");
  return answered(link_set(request.bytes, request.length));
}

static char document[16384];

/** Whether it is for ADD; a WASI command is run for every verb. */
static int is_add(void) {
  int32_t length = cni_take(document, sizeof document - 1);
  document[length > 0 ? length : 0] = 0;
  return after(document, "\"verb\":\"ADD\"") != 0;
}

static int attach(void) {
  static struct text ifname, host_end, address, request, result;
  copy_word(&ifname, document, "\"ifname\":\"");
  copy_word(&host_end, document, "\"hostEnd\":\"");
  copy_word(&address, document, "\"address\":\"");

  put(&request, "{\"name\":\""); put(&request, ifname.bytes); put(&request, "\",\"kind\":\"veth\",\"peer\":{\"ns\":\"host\",\"name\":\""); put(&request, host_end.bytes); put(&request, "\"}}");
  if (answered(link_create(request.bytes, request.length))) return 1;
  int32_t link = number_after("\"link\":"), peer = number_after("\"peer\":");

  request.length = 0;
  put(&request, "{\"link\":"); put_number(&request, link); put(&request, ",\"address\":\""); put(&request, address.bytes); put(&request, "\"}");
  if (answered(addr_add(request.bytes, request.length)) || up(peer) || up(link)) return 1;

  request.length = 0;
  put(&request, "{\"link\":"); put_number(&request, link); put(&request, ",\"dst\":\"203.0.113.0/24\"}");
  if (answered(route_add(request.bytes, request.length))) return 1;

  put(&result, "{\"interfaces\":[{\"name\":\""); put(&result, ifname.bytes); put(&result, "\",\"sandbox\":\"container\"}],\"ips\":[{\"address\":\"");
  put(&result, address.bytes); put(&result, "\",\"interface\":0}]}");
  cni_result(result.bytes, result.length);
  return 0;
}
