// What can happen to a step: an errno the kernel or the disk can give there, with or without the change.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { Step, Strike } from './steps.ts';

export interface Blow {
  name: string;
  /** the steps it can meet */
  meets(step: Step): boolean;
  strike: Strike;
}

const ANY = ['EPERM', 'EBUSY', 'ENOMEM', 'EOPNOTSUPP', 'EAGAIN', 'ETIMEDOUT'];
/** What somebody else can have made, or taken away, a moment before: of a removal the latter is done, see `late`. */
const RACES = ['EEXIST', 'ENOENT', 'ENODEV'];
const KERNEL_READ = ['EPERM', 'ENOMEM', 'ETIMEDOUT'];
const DISK_CHANGE = ['EIO', 'ENOSPC'];
const DISK_READ = ['EIO', 'EMFILE'];

const isRemoval = ({ name }: Step): boolean => /\.(delete|remove)/.test(name);
/** close(2) frees the descriptor whatever it answers, and neither fstat(2) nor access(2) of what is open can fail. */
const canFail = ({ of, name }: Step): boolean => of === 'kernel' || !/^(closeSync|fstatSync|existsSync)$/.test(name);

/** The kernel may have one of them ready for any change; what differs between the others is tried once for each kind of step. */
export const errors: readonly Blow[] = [
  ...ANY.map((errno) => early('kernel', errno, ({ changes }) => changes)),
  ...RACES.map((errno) => early('kernel', errno, (step) => step.changes && !isRemoval(step))),
  ...['ETIMEDOUT', 'ENOBUFS'].map((errno) => late('kernel', errno, ({ changes }) => changes)),
  late('kernel', 'ENOENT', isRemoval),
  ...KERNEL_READ.map((errno) => early('kernel', errno, ({ changes }) => !changes)),
  ...DISK_CHANGE.map((errno) => early('disk', errno, ({ changes }) => changes)),
  half('ENOSPC'),
  ...DISK_READ.map((errno) => early('disk', errno, ({ changes }) => !changes)),
];

function early(of: Step['of'], errno: string, meets: Blow['meets']): Blow {
  return { name: `${errno} instead of`, meets: (step) => step.of === of && canFail(step) && meets(step), strike: (step) => { throw errorOf(step, errno); } };
}

function late(of: Step['of'], errno: string, meets: Blow['meets']): Blow {
  return { name: `${errno} after`, meets: (step) => step.of === of && meets(step), strike: (step) => { step.act(); throw errorOf(step, errno); } };
}

/** A write is not one step: of a new content there can be nothing or a part. */
function half(errno: string): Blow {
  return {
    name: `${errno} in the middle of`,
    meets: ({ cut }) => cut !== undefined,
    strike: ({ cut, args }) => {
      cut!();
      throw diskError(errno, 'write', args);
    },
  };
}

const errorOf = ({ of, name, args }: Step, errno: string): Error =>
  (of === 'kernel' ? new KernelError(errno, name) : diskError(errno, name.replace(/Sync$/, ''), args));

/** As Node's: the path only where a path was given. */
function diskError(errno: string, syscall: string, [at]: readonly unknown[]): Error {
  const path = typeof at === 'string' ? { path: at } : {};
  return Object.assign(new Error(`${errno}: struck, ${syscall}${path.path ? ` '${path.path}'` : ''}`), { code: errno, syscall, ...path });
}
