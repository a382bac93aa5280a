#!/bin/sh
# A new network namespace takes IPv4's settings from the machine's own (devinet_init_net of the kernel): here they are as the kernel has them
# when nobody has changed any.
# SPDX-License-Identifier: Apache-2.0
cd /proc/sys/net/ipv4
echo 0 >ip_forward
for conf in all default lo; do
  for key in route_localnet rp_filter promote_secondaries arp_notify arp_accept arp_announce arp_ignore proxy_arp; do echo 0 >"conf/$conf/$key"; done
done
