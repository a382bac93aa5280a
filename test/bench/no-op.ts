// Verbs of plugins that find nothing to do: what a call costs by itself.
// SPDX-License-Identifier: Apache-2.0

/** Of plugins by themselves, with the result of another one before them. */
export function noOps(netns: string) {
  const prevResult = { cniVersion: '1.0.0', interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: netns }], ips: [{ address: '10.1.0.2/16', interface: 0 }] };
  const chained = { cniVersion: '1.0.0', name: 'bench', prevResult };
  const loopback = { cniVersion: '1.1.0', name: 'lo', type: 'loopback' };
  return [
    { name: 'loopback STATUS', plugin: 'loopback', verb: 'STATUS', config: loopback },
    { name: 'loopback GC', plugin: 'loopback', verb: 'GC', config: { ...loopback, 'cni.dev/valid-attachments': [] } },
    { name: 'portmap CHECK', plugin: 'portmap', verb: 'CHECK', config: { ...chained, type: 'portmap' } },
    { name: 'bandwidth ADD', plugin: 'bandwidth', verb: 'ADD', config: { ...chained, type: 'bandwidth' } },
    { name: 'bandwidth DEL', plugin: 'bandwidth', verb: 'DEL', config: { ...chained, type: 'bandwidth' } },
  ] as const;
}
