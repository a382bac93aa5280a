// GC: rules in nf_tables bear the name of their attachment. Those in iptables and the sources of firewalld are addresses alone: they go
// by what the host has noted down of each attachment.
// SPDX-License-Identifier: Apache-2.0

import { nftApply, nftList } from '../sdk/gen/ops';
import { Problems } from '../sdk/problems';
import { Request } from '../sdk/request';
import { askNft } from '../sdk/usable';
import { dropUnusedPolicy } from './del';
import { nftTable, nftWithoutStale } from './nft-layout';

export function gc(length: i32): i32 {
  const request = Request.take(length);
  if (!request.validAttachments.exists) return 0;
  const problems = new Problems();
  if (!problems.mayHold(askNft())) return problems.end();
  const listed = nftList(nftTable());
  problems.note(listed.ok ? nftApply(nftWithoutStale(request, listed.json)) : listed);
  dropUnusedPolicy(request, problems);
  return problems.end();
}
