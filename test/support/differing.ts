// What differs, rather than two pictures of a node.
// SPDX-License-Identifier: Apache-2.0

/** Lines that only one of both has. */
export function differing(before: string, after: string): string[] {
  const [was, is] = [before.split('\n'), after.split('\n')];
  return [...was.filter((line) => !is.includes(line)).map((line) => `- ${line}`), ...is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`)];
}
