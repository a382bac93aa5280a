// The request a plugin is called with.
// SPDX-License-Identifier: Apache-2.0

import { take } from './abi';
import { Json } from './json';

export class Request {
  readonly verb: string;
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  /** Whether the container's namespace is there; on DEL it may be gone. */
  readonly netns: bool;
  /** CNI_ARGS verbatim; see args.ts. */
  readonly args: string;
  readonly cniVersion: string;
  /** SHA-512 of network + container id, 128 hex digits. */
  readonly attachmentHash: string;
  /** SHA-512 of the network. */
  readonly networkHash: string;
  /** SHA-512 of ifname + ":" + container id. */
  readonly interfaceHash: string;
  readonly config: Json;
  /** In 1.1.0 form; not `exists` when there is none. */
  readonly prevResult: Json;
  /** GC: the attachments to keep; not `exists` when the runtime did not say, and then nothing may be collected. */
  readonly validAttachments: Json;
  /** STATUS: how many attachments of the network the host knows of. */
  readonly attachments: i64;

  constructor(readonly json: Json) {
    const hashes = json.get('hashes');
    this.verb = json.get('verb').str();
    this.network = json.get('network').str();
    this.containerId = json.get('containerId').str();
    this.ifname = json.get('ifname').str();
    this.netns = json.get('netns').bool();
    this.args = json.get('args').str();
    this.cniVersion = json.get('cniVersion').str();
    this.attachmentHash = hashes.get('attachment').str();
    this.networkHash = hashes.get('network').str();
    this.interfaceHash = hashes.get('interface').str();
    this.config = json.get('config');
    this.prevResult = json.get('prevResult');
    this.validAttachments = json.get('validAttachments');
    this.attachments = json.get('attachments').int();
  }

  static take(length: i32): Request {
    return new Request(Json.of(take(length)));
  }
}
