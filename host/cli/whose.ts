// An attachment in the words of the commands that list what is whose.
// SPDX-License-Identifier: Apache-2.0

import type { Attachment } from '../protocol/request.ts';

/** A killed call may not have got as far as to say, and a lease may name no container. */
export const whose = ({ network, containerId, ifname }: Attachment): string =>
  [`network "${network}"`, containerId === '' ? 'no container' : `container "${containerId}"`, ...(ifname === '' ? [] : [ifname])].join(', ');
