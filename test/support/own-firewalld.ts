// A system bus of the test's own, and the real firewalld on it: in the namespaces of the test file, with its own folders.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

export interface OwnBus {
  startFirewalld(): Promise<void>;
  stopFirewalld(): Promise<void>;
  stop(): Promise<void>;
}

const CONFIG = (socket: string): string => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>`;
const NAME_HAS_OWNER = ['--system', '--print-reply', '--dest=org.freedesktop.DBus', '/', 'org.freedesktop.DBus.NameHasOwner', 'string:org.fedoraproject.FirewallD1'];

/** Sets DBUS_SYSTEM_BUS_ADDRESS for this process and those it starts. */
export async function ownBus(): Promise<OwnBus> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-bus-'));
  const socket = join(folder, 'bus');
  writeFileSync(join(folder, 'bus.conf'), CONFIG(socket));
  mkdirSync(join(folder, 'etc'));
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = `unix:path=${socket}`;
  const log = join(folder, 'log');
  const bus = spawn('dbus-daemon', [`--config-file=${join(folder, 'bus.conf')}`, '--nofork', '--nopidfile'], { stdio: 'ignore' });
  let firewalld: ChildProcess | undefined;
  await until('the bus comes up', () => existsSync(socket));
  const stopFirewalld = async (): Promise<void> => {
    await end(firewalld);
    firewalld = undefined;
    await until('firewalld gives its name back', () => !isOwned());
  };
  return {
    async startFirewalld() {
      firewalld = spawn('firewalld', ['--nofork', '--nopid', `--system-config=${join(folder, 'etc')}`, `--log-file=${log}`, '--log-target=file'], { stdio: 'ignore' });
      await until('firewalld comes up', () => {
        if (!isOwned()) throw new Error(existsSync(log) ? readFileSync(log, 'utf8') : 'no log');
        return true;
      });
    },
    stopFirewalld,
    async stop() {
      await end(firewalld);
      await end(bus);
      delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
      rmSync(folder, { recursive: true });
    },
  };
}

const isOwned = (): boolean => spawnSync('dbus-send', NAME_HAS_OWNER, { encoding: 'utf8' }).stdout.includes('boolean true');

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => { child.on('close', done); });
  child.kill();
  await ended;
}
