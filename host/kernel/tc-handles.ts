// Where a qdisc stands (linux/pkt_sched.h): TC_H_ROOT, TC_H_INGRESS, the one handle that an ingress qdisc has, and how tc writes such numbers.
// SPDX-License-Identifier: Apache-2.0

export const ROOT = 0xffffffff;
export const INGRESS = 0xfffffff1;
export const INGRESS_PLACE = { handle: 0xffff0000, parent: INGRESS } as const;

/** 0x10001 is "1:1" and 0x10000 "1:". */
export const handleText = (handle: number): string => `${(handle >>> 16).toString(16)}:${handle & 0xffff ? (handle & 0xffff).toString(16) : ''}`;
export const parentText = (parent: number): string => (parent === ROOT ? 'root' : parent === INGRESS ? 'ingress' : handleText(parent));
