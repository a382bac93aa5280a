// The sysctls a fake namespace has, with the values Linux 6.x gives them in a new one.
// SPDX-License-Identifier: Apache-2.0

const table = (text: string): ReadonlyMap<string, string> => new Map(text.trim().split(/\s+/).map((pair) => pair.split('=') as [string, string]));

/** net/<family>/conf/<link>/… */
export const CONF = {
  ipv4: table(`
    accept_local=0 accept_redirects=1 accept_source_route=1 arp_accept=0 arp_announce=0 arp_evict_nocarrier=1 arp_filter=0
    arp_ignore=0 arp_notify=0 bc_forwarding=0 bootp_relay=0 disable_policy=0 disable_xfrm=0 drop_gratuitous_arp=0
    drop_unicast_in_l2_multicast=0 force_igmp_version=0 forwarding=0 igmpv2_unsolicited_report_interval=10000
    igmpv3_unsolicited_report_interval=1000 ignore_routes_with_linkdown=0 log_martians=0 medium_id=0 promote_secondaries=0
    proxy_arp=0 proxy_arp_pvlan=0 route_localnet=0 rp_filter=0 secure_redirects=1 send_redirects=1 shared_media=1
    src_valid_mark=0 tag=0`),
  ipv6: table(`
    accept_dad=1 accept_ra=1 accept_ra_defrtr=1 accept_ra_min_hop_limit=1 accept_ra_mtu=1 accept_ra_pinfo=1 accept_ra_rtr_pref=1
    accept_redirects=1 accept_source_route=0 addr_gen_mode=0 autoconf=1 dad_transmits=1 disable_ipv6=0 disable_policy=0
    drop_unicast_in_l2_multicast=0 drop_unsolicited_na=0 enhanced_dad=1 force_mld_version=0 force_tllao=0 forwarding=0
    hop_limit=64 ignore_routes_with_linkdown=0 keep_addr_on_down=0 max_addresses=16 max_desync_factor=600 ndisc_evict_nocarrier=1
    ndisc_notify=0 ndisc_tclass=0 optimistic_dad=0 proxy_ndp=0 regen_max_retry=3 router_probe_interval=60
    router_solicitation_delay=1 router_solicitation_interval=4 router_solicitation_max_interval=3600 router_solicitations=-1
    seg6_enabled=0 suppress_frag_ndisc=1 temp_prefered_lft=86400 temp_valid_lft=604800 use_oif_addrs_only=0 use_optimistic=0
    use_tempaddr=0`),
} as const;

/** Where conf/all starts from another value than the links. */
export const CONF_ALL: ReadonlyMap<string, string> = table('net/ipv4/conf/all/accept_source_route=0 net/ipv6/conf/all/accept_dad=0');

export const SINGLE: ReadonlyMap<string, string> = table(`
  net/bridge/bridge-nf-call-arptables=1 net/bridge/bridge-nf-call-ip6tables=1 net/bridge/bridge-nf-call-iptables=1
  net/core/somaxconn=4096 net/core/optmem_max=131072
  net/ipv4/icmp_echo_ignore_all=0 net/ipv4/icmp_echo_ignore_broadcasts=1 net/ipv4/ip_default_ttl=64 net/ipv4/ip_no_pmtu_disc=0
  net/ipv4/ip_nonlocal_bind=0 net/ipv4/ip_unprivileged_port_start=1024 net/ipv4/tcp_fin_timeout=60 net/ipv4/tcp_keepalive_time=7200
  net/ipv4/tcp_keepalive_intvl=75 net/ipv4/tcp_keepalive_probes=9 net/ipv4/tcp_max_syn_backlog=128 net/ipv4/tcp_mtu_probing=0
  net/ipv4/tcp_syncookies=1 net/ipv4/tcp_timestamps=1 net/ipv4/tcp_tw_reuse=2
  net/ipv6/bindv6only=0 net/ipv6/ip_nonlocal_bind=0`);
