// The floor: the kernel work of one chain (veth on a bridge, addresses, route, token buckets, nftables rules, flows, a lease), by netlink alone
// and with nothing around it. For the benchmark; it is no plugin and keeps no promise of one.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** The kernel's CTA_FILTER_F_CTA_PROTO_NUM and CTA_FILTER_F_CTA_PROTO_DST_PORT, which it tells nobody. */
#define BY_PROTOCOL_AND_PORT 0x28

#define MOST_MAPPINGS 128

static char buf[128 * 1024];
static size_t len, start;
static unsigned sequence;
/** as many as the configuration has on stdin, of TCP and UDP in turn */
static int mappings;
static int firstPort = 20000;

static void fail(const char *what, int error) {
  printf("{\"code\":1,\"msg\":\"%s: %s\"}\n", what, strerror(error));
  exit(1);
}

static int openNetlink(int protocol) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) fail("socket", errno);
  return fd;
}

// --- one message after the other in `buf` ---

static void begin(int type, int flags, const void *head, size_t size) {
  start = len;
  struct nlmsghdr *message = (void *)(buf + len);
  *message = (struct nlmsghdr){.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = ++sequence};
  memcpy(buf + len + NLMSG_HDRLEN, head, size);
  len += NLMSG_HDRLEN + NLMSG_ALIGN(size);
}

static void end(void) { ((struct nlmsghdr *)(buf + start))->nlmsg_len = len - start; }

static void put(int type, const void *data, size_t size) {
  struct nlattr *attribute = (void *)(buf + len);
  *attribute = (struct nlattr){.nla_len = NLA_HDRLEN + size, .nla_type = type};
  memcpy(buf + len + NLA_HDRLEN, data, size);
  memset(buf + len + NLA_HDRLEN + size, 0, NLA_ALIGN(size) - size);
  len += NLA_HDRLEN + NLA_ALIGN(size);
}

static void put32(int type, uint32_t value) { put(type, &value, 4); }
static void putBig(int type, uint32_t value) { put32(type, htonl(value)); }
static void putText(int type, const char *text) { put(type, text, strlen(text) + 1); }
static size_t nest(int type) {
  size_t at = len;
  put(type, "", 0);
  return at;
}
static void closeNest(size_t at) { ((struct nlattr *)(buf + at))->nla_len = len - at; }

/** Sends what is in `buf` and waits for `answers` acknowledgements. */
static void transact(int fd, int answers, const char *what) {
  if (send(fd, buf, len, 0) < 0) fail(what, errno);
  len = 0;
  static char answer[65536];
  while (answers > 0) {
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got < 0) fail(what, errno);
    for (struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, got); m = NLMSG_NEXT(m, got)) {
      if (m->nlmsg_type != NLMSG_ERROR) continue;
      int error = -((struct nlmsgerr *)NLMSG_DATA(m))->error;
      if (error != 0) fail(what, error);
      answers--;
    }
  }
}

static void finish(int fd, const char *what) {
  end();
  transact(fd, 1, what);
}

static void writeFile(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (write(fd, text, strlen(text)) < 0) fail(path, errno);
  close(fd);
}

// --- links, addresses, routes ---

static void linkThatIsUp(int flags, int index) {
  struct ifinfomsg head = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  begin(RTM_NEWLINK, NLM_F_ACK | flags, &head, sizeof head);
}

static void makeVeth(int host, const char *name, int bridge, int group, int netns) {
  linkThatIsUp(NLM_F_CREATE | NLM_F_EXCL, 0);
  putText(IFLA_IFNAME, name);
  put32(IFLA_MASTER, bridge);
  put32(IFLA_GROUP, group);
  size_t info = nest(IFLA_LINKINFO);
  putText(IFLA_INFO_KIND, "veth");
  size_t data = nest(IFLA_INFO_DATA);
  size_t peer = nest(VETH_INFO_PEER);
  struct ifinfomsg head = {0};
  memcpy(buf + len, &head, sizeof head);
  len += sizeof head;
  putText(IFLA_IFNAME, "eth0");
  put32(IFLA_NET_NS_FD, netns);
  closeNest(peer), closeNest(data), closeNest(info);
  finish(host, "veth");
}

static void makeIfb(int host, const char *name, int group) {
  linkThatIsUp(NLM_F_CREATE | NLM_F_EXCL, 0);
  putText(IFLA_IFNAME, name);
  put32(IFLA_GROUP, group);
  size_t info = nest(IFLA_LINKINFO);
  putText(IFLA_INFO_KIND, "ifb");
  closeNest(info);
  finish(host, "ifb");
}

static void configure(int container, int index, uint32_t address, uint32_t gateway) {
  linkThatIsUp(0, index);
  finish(container, "up");
  struct ifaddrmsg of = {.ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = index};
  begin(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &of, sizeof of);
  putBig(IFA_LOCAL, address);
  putBig(IFA_ADDRESS, address);
  putBig(IFA_BROADCAST, address | 0xffff);
  finish(container, "address");
  struct rtmsg route = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
  begin(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE, &route, sizeof route);
  putBig(RTA_GATEWAY, gateway);
  put32(RTA_OIF, index);
  finish(container, "route");
}

// --- traffic control ---

static void tc(int type, int index, uint32_t handle, uint32_t parent, uint32_t info, const char *kind) {
  struct tcmsg head = {.tcm_ifindex = index, .tcm_handle = handle, .tcm_parent = parent, .tcm_info = info};
  begin(type, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
  putText(TCA_KIND, kind);
}

static void tokenBucket(int host, int index) {
  tc(RTM_NEWQDISC, index, 0x10000, TC_H_ROOT, 0, "tbf");
  size_t options = nest(TCA_OPTIONS);
  struct tc_tbf_qopt bucket = {.rate = {.rate = 12500000, .mpu = 0, .linklayer = 1}, .limit = 1562500, .buffer = 1562500};
  put(TCA_TBF_PARMS, &bucket, sizeof bucket);
  closeNest(options);
  finish(host, "tbf");
}

static void redirect(int host, int from, int to) {
  tc(RTM_NEWQDISC, from, 0xffff0000, TC_H_INGRESS, 0, "ingress");
  finish(host, "ingress");
  tc(RTM_NEWTFILTER, from, 0, 0xffff0000, 1 << 16 | htons(3), "u32");
  size_t options = nest(TCA_OPTIONS);
  put32(TCA_U32_CLASSID, 0x10001);
  struct { struct tc_u32_sel sel; struct tc_u32_key key; } all = {.sel = {.flags = TC_U32_TERMINAL, .nkeys = 1}};
  put(TCA_U32_SEL, &all, sizeof all);
  size_t actions = nest(TCA_U32_ACT), one = nest(1);
  putText(TCA_ACT_KIND, "mirred");
  size_t inner = nest(TCA_ACT_OPTIONS);
  struct tc_mirred mirred = {.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = to};
  put(TCA_MIRRED_PARMS, &mirred, sizeof mirred);
  closeNest(inner), closeNest(one), closeNest(actions), closeNest(options);
  finish(host, "mirred");
}

// --- nf_tables: rules in the chains that are there ---

static void nf(int type, int flags, int family) {
  struct nfgenmsg head = {.nfgen_family = family};
  begin(NFNL_SUBSYS_NFTABLES << 8 | type, flags, &head, sizeof head);
}

static void batch(int type) {
  struct nfgenmsg head = {.res_id = htons(NFNL_SUBSYS_NFTABLES)};
  begin(type, 0, &head, sizeof head);
  end();
}

static size_t element, expression;
static void expr(const char *name) {
  element = nest(NFTA_LIST_ELEM);
  putText(NFTA_EXPR_NAME, name);
  expression = nest(NFTA_EXPR_DATA);
}
static void endExpr(void) { closeNest(expression), closeNest(element); }

static void value(int type, const void *data, size_t size) {
  size_t at = nest(type);
  put(NFTA_DATA_VALUE, data, size);
  closeNest(at);
}

static void compare(int op, const void *data, size_t size) {
  expr("cmp");
  putBig(NFTA_CMP_SREG, 1);
  putBig(NFTA_CMP_OP, op);
  value(NFTA_CMP_DATA, data, size);
  endExpr();
}

static void payload(int base, int offset, int size, int op, const void *data) {
  expr("payload");
  putBig(NFTA_PAYLOAD_DREG, 1);
  putBig(NFTA_PAYLOAD_BASE, base);
  putBig(NFTA_PAYLOAD_OFFSET, offset);
  putBig(NFTA_PAYLOAD_LEN, size);
  endExpr();
  compare(op, data, size);
}

static void meta(int key, uint8_t is) {
  expr("meta");
  putBig(NFTA_META_DREG, 1);
  putBig(NFTA_META_KEY, key);
  endExpr();
  compare(NFT_CMP_EQ, &is, 1);
}

static void immediate(int reg, const void *data, size_t size) {
  expr("immediate");
  putBig(NFTA_IMMEDIATE_DREG, reg);
  value(NFTA_IMMEDIATE_DATA, data, size);
  endExpr();
}

static size_t newRule(int family, const char *table, const char *chain) {
  nf(NFT_MSG_NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND, family);
  putText(NFTA_RULE_TABLE, table);
  putText(NFTA_RULE_CHAIN, chain);
  return nest(NFTA_RULE_EXPRESSIONS);
}

static void endRule(size_t expressions, const char *id) {
  closeNest(expressions);
  unsigned char comment[128] = {0, strlen(id) + 1};
  memcpy(comment + 2, id, comment[1]);
  put(NFTA_RULE_USERDATA, comment, comment[1] + 2);
  end();
}

static void forward(const char *id, uint8_t protocol, uint16_t hostPort, uint32_t to, uint16_t port) {
  size_t rule = newRule(NFPROTO_IPV4, "cni_hostport", "hostports");
  uint16_t from = htons(hostPort), into = htons(port);
  meta(NFT_META_L4PROTO, protocol);
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_CMP_EQ, &from);
  immediate(1, &to, 4);
  immediate(2, &into, 2);
  expr("nat");
  putBig(NFTA_NAT_TYPE, NFT_NAT_DNAT);
  putBig(NFTA_NAT_FAMILY, NFPROTO_IPV4);
  putBig(NFTA_NAT_REG_ADDR_MIN, 1);
  putBig(NFTA_NAT_REG_PROTO_MIN, 2);
  putBig(NFTA_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED);
  endExpr();
  endRule(rule, id);
}

static void masquerade(const char *id, int family, const char *table, const char *chain, uint32_t from, uint32_t to, uint32_t mask, int op) {
  size_t rule = newRule(family, table, chain);
  if (family == NFPROTO_INET) meta(NFT_META_NFPROTO, NFPROTO_IPV4);
  payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_CMP_EQ, &from);
  payload(NFT_PAYLOAD_NETWORK_HEADER, 16, mask == 0xffffffff ? 4 : 2, op, &to);
  expr("masq");
  endExpr();
  endRule(rule, id);
}

static void addRules(int fd, const char *id, uint32_t address) {
  uint32_t ip = htonl(address), localhost = htonl(0x7f000001);
  batch(NFNL_MSG_BATCH_BEGIN);
  masquerade(id, NFPROTO_INET, "cni_plugins_masquerade", "masq_checks", ip, ip, 0xffff0000, NFT_CMP_NEQ);
  for (int i = 0; i < mappings; i++) forward(id, i % 2 ? IPPROTO_UDP : IPPROTO_TCP, firstPort + i, ip, 80 + i);
  masquerade(id, NFPROTO_IPV4, "cni_hostport", "masquerading", ip, ip, 0xffffffff, NFT_CMP_EQ);
  masquerade(id, NFPROTO_IPV4, "cni_hostport", "masquerading", localhost, ip, 0xffffffff, NFT_CMP_EQ);
  batch(NFNL_MSG_BATCH_END);
  transact(fd, 3 + mappings, "rules");
}

/** The handles of the container's rules in a chain, by their comment. */
static int findRules(int fd, int family, const char *table, const char *chain, const char *id, uint64_t *handles) {
  int found = 0;
  nf(NFT_MSG_GETRULE, NLM_F_DUMP, family);
  putText(NFTA_RULE_TABLE, table);
  putText(NFTA_RULE_CHAIN, chain);
  end();
  if (send(fd, buf, len, 0) < 0) fail("dump", errno);
  len = 0;
  static char answer[65536];
  for (;;) {
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got < 0) fail("dump", errno);
    for (struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, got); m = NLMSG_NEXT(m, got)) {
      if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR) return found;
      // With its NUL: "measured-1" is not "measured-10".
      if (!memmem(m, m->nlmsg_len, id, strlen(id) + 1)) continue;
      struct nlattr *a = (void *)((char *)NLMSG_DATA(m) + sizeof(struct nfgenmsg));
      for (; (char *)a < (char *)m + m->nlmsg_len; a = (void *)((char *)a + NLA_ALIGN(a->nla_len)))
        if ((a->nla_type & NLA_TYPE_MASK) == NFTA_RULE_HANDLE) memcpy(&handles[found++], (char *)a + NLA_HDRLEN, 8);
    }
  }
}

static void deleteRules(int fd, const char *id) {
  static const struct { int family; const char *table, *chain; } places[] = {
    {NFPROTO_INET, "cni_plugins_masquerade", "masq_checks"}, {NFPROTO_IPV4, "cni_hostport", "hostports"}, {NFPROTO_IPV4, "cni_hostport", "masquerading"}};
  static uint64_t handles[3][MOST_MAPPINGS];
  int counts[3], all = 0;
  for (int i = 0; i < 3; i++) all += counts[i] = findRules(fd, places[i].family, places[i].table, places[i].chain, id, handles[i]);
  batch(NFNL_MSG_BATCH_BEGIN);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < counts[i]; j++) {
      nf(NFT_MSG_DELRULE, NLM_F_ACK, places[i].family);
      putText(NFTA_RULE_TABLE, places[i].table);
      putText(NFTA_RULE_CHAIN, places[i].chain);
      put(NFTA_RULE_HANDLE, &handles[i][j], 8);
      end();
    }
  }
  batch(NFNL_MSG_BATCH_END);
  if (all > 0) transact(fd, all, "delete rules");
}

/** What is known of UDP flows to a published port. Where the kernel cannot delete by a filter (before 6.12) the floor is without it. */
static void forgetFlows(int fd, uint16_t hostPort) {
  struct nfgenmsg head = {.nfgen_family = AF_INET, .version = 1};
  begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, &head, sizeof head);
  uint16_t port = htons(hostPort);
  uint8_t protocol = IPPROTO_UDP;
  size_t tuple = nest(CTA_TUPLE_ORIG | NLA_F_NESTED), inner = nest(CTA_TUPLE_PROTO | NLA_F_NESTED);
  put(CTA_PROTO_NUM, &protocol, 1);
  put(CTA_PROTO_DST_PORT, &port, 2);
  closeNest(inner), closeNest(tuple);
  size_t filter = nest(CTA_FILTER | NLA_F_NESTED);
  put32(CTA_FILTER_ORIG_FLAGS, BY_PROTOCOL_AND_PORT);
  closeNest(filter);
  end();
  if (send(fd, buf, len, 0) < 0 || recv(fd, buf, sizeof buf, 0) < 0) fail("flows", errno);
  len = 0;
}

static void forgetAllFlows(int fd) {
  for (int i = 1; i < mappings; i += 2) forgetFlows(fd, firstPort + i);
}

static int mappingsOnStdin(void) {
  static char text[65536];
  const size_t size = fread(text, 1, sizeof text - 1, stdin);
  int found = 0;
  for (const char *at = text; (at = memmem(at, text + size - at, "\"hostPort\"", 10)); at++) found++;
  return found < MOST_MAPPINGS ? found : MOST_MAPPINGS;
}

int main(void) {
  const char *verb = getenv("CNI_COMMAND"), *id = getenv("CNI_CONTAINERID"), *path = getenv("CNI_NETNS");
  char veth[16], ifb[16], lease[128], text[256];
  // Containers that come at once are numbered: "measured-15".
  const char *last = strrchr(id, '-');
  const int number = last ? atoi(last + 1) : 0;
  snprintf(veth, sizeof veth, "vethfl%.8s", id + strlen(id) - (strlen(id) < 8 ? strlen(id) : 8));
  snprintf(ifb, sizeof ifb, "bwpfl%.8s", veth + 6);
  uint32_t address = 0x0a01fa02 + number;
  int group = 4242 + number;
  firstPort += 2 * number;
  snprintf(lease, sizeof lease, "/var/lib/cni/networks/bench/10.1.250.%d", 2 + number);
  mappings = mappingsOnStdin();
  int host = openNetlink(NETLINK_ROUTE), filter = openNetlink(NETLINK_NETFILTER);
  if (strcmp(verb, "ADD") == 0) {
    int netns = open(path, O_RDONLY | O_CLOEXEC), home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (netns < 0) fail("netns", errno);
    makeVeth(host, veth, if_nametoindex("cni0"), group, netns);
    snprintf(text, sizeof text, "/proc/sys/net/ipv6/conf/%s/accept_ra", veth);
    writeFile(text, "0");
    if (setns(netns, CLONE_NEWNET) != 0) fail("setns", errno);
    int container = openNetlink(NETLINK_ROUTE), index = if_nametoindex("eth0");
    writeFile("/proc/sys/net/ipv6/conf/eth0/accept_dad", "0");
    writeFile("/proc/sys/net/ipv4/conf/eth0/arp_notify", "1");
    configure(container, index, address, 0x0a010001);
    if (setns(home, CLONE_NEWNET) != 0) fail("setns", errno);
    snprintf(text, sizeof text, "%s\r\neth0", id);
    writeFile(lease, text);
    makeIfb(host, ifb, group);
    int outer = if_nametoindex(veth), inner = if_nametoindex(ifb);
    tokenBucket(host, outer);
    redirect(host, outer, inner);
    tokenBucket(host, inner);
    addRules(filter, id, address);
    forgetAllFlows(filter);
  } else {
    deleteRules(filter, id);
    forgetAllFlows(filter);
    unlink(lease);
    struct ifinfomsg head = {0};
    begin(RTM_DELLINK, NLM_F_ACK, &head, sizeof head);
    put32(IFLA_GROUP, group);
    finish(host, "delete links");
  }
  puts("{}");
  return 0;
}
