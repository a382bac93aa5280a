// GC: rules in nf_tables bear the name of their attachment. Those in iptables and the sources of firewalld are addresses alone: they go
// by what the host has noted down of each attachment.
// SPDX-License-Identifier: Apache-2.0

import { fail } from '../sdk/fail';
import { nftApply, nftList } from '../sdk/gen/ops';
import { Request } from '../sdk/request';
import { lacksNft } from './backend';
import { dropUnusedPolicy, note } from './del';
import { nftTable, nftWithoutStale } from './nft-layout';

export function gc(length: i32): i32 {
  const request = Request.take(length);
  if (!request.validAttachments.exists || lacksNft()) return 0;
  const problems = new Array<string>();
  const listed = nftList(nftTable());
  note(problems, listed.ok ? nftApply(nftWithoutStale(request, listed.json)) : listed);
  dropUnusedPolicy(request, problems);
  return problems.length == 0 ? 0 : fail(problems.join('\n'));
}
