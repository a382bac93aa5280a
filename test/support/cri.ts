// The part of kubelet that asks a runtime for pods: the Container Runtime Interface over its socket.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, loadPackageDefinition, type Client, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** Debian has it in unstable alone; `.ci/run` unpacks it there. */
export const CRI_PROTO = join(process.cwd(), '.cache/cri-api/api.proto');
export const hasCriProto = (): boolean => existsSync(CRI_PROTO);

export interface PortMapping { protocol?: 'TCP' | 'UDP'; container_port: number; host_port: number; host_ip?: string }
export interface PodOptions { ports?: PortMapping[]; annotations?: Record<string, string>; attempt?: number }
export interface PodStatus { state: string; ip: string; ips: string[]; netns: string }

export interface Cri {
  run(name: string, options?: PodOptions): Promise<string>;
  /** A container of the pod that runs this command. */
  start(pod: string, image: string, command: readonly string[]): Promise<string>;
  containerState(container: string): Promise<string>;
  stop(pod: string): Promise<void>;
  remove(pod: string): Promise<void>;
  status(pod: string): Promise<PodStatus>;
  pods(): Promise<string[]>;
  ready(): Promise<boolean>;
  close(): void;
}

/** As kubelet: an answer that does not come is a failure, not a hang. */
const DEADLINE_MS = 200_000;
type Message = Record<string, unknown>;

export function criClient(socket: string): Cri {
  const definition = loadSync(CRI_PROTO, { keepCase: true, enums: String, defaults: true, longs: Number });
  const services = loadPackageDefinition(definition) as unknown as { runtime: { v1: { RuntimeService: new (...args: unknown[]) => Client } } };
  const client = new services.runtime.v1.RuntimeService(`unix://${socket}`, credentials.createInsecure());
  const call = <Answer>(method: string, request: Message): Promise<Answer> => new Promise((done, fail) => {
    const methods = client as unknown as Record<string, (request: Message, options: object, then: (error: ServiceError | null, answer: Answer) => void) => void>;
    methods[method]!.call(client, request, { deadline: Date.now() + DEADLINE_MS }, (error, answer) => (error ? fail(error) : done(answer)));
  });
  const configs = new Map<string, Message>();
  let made = 0;

  return {
    async run(name, { ports = [], annotations = {}, attempt = 0 } = {}) {
      const config = { metadata: { name, uid: `uid-${made++}`, namespace: 'default', attempt }, hostname: name, port_mappings: ports, annotations, linux: {} };
      const { pod_sandbox_id: id } = await call<{ pod_sandbox_id: string }>('RunPodSandbox', { config });
      configs.set(id, config);
      return id;
    },
    async start(pod, image, command) {
      const config = { metadata: { name: 'main', attempt: 0 }, image: { image }, command, linux: {} };
      const { container_id: id } = await call<{ container_id: string }>('CreateContainer', { pod_sandbox_id: pod, config, sandbox_config: configs.get(pod) });
      await call('StartContainer', { container_id: id });
      return id;
    },
    containerState: async (container) => (await call<{ status: { state: string } }>('ContainerStatus', { container_id: container })).status.state,
    async stop(pod) { await call('StopPodSandbox', { pod_sandbox_id: pod }); },
    async remove(pod) { await call('RemovePodSandbox', { pod_sandbox_id: pod }); },
    async status(pod) {
      const { status, info } = await call<{ status: { state: string; network?: { ip: string; additional_ips: { ip: string }[] } }; info: { info: string } }>('PodSandboxStatus', { pod_sandbox_id: pod, verbose: true });
      const ip = status.network?.ip ?? '';
      return { state: status.state, ip, ips: [ip, ...(status.network?.additional_ips ?? []).map((more) => more.ip)], netns: netnsOf(info.info) };
    },
    pods: async () => (await call<{ items: { id: string }[] }>('ListPodSandbox', {})).items.map(({ id }) => id),
    async ready() {
      const { status } = await call<{ status: { conditions: { type: string; status: boolean }[] } }>('Status', {});
      return status.conditions.every((condition) => condition.status);
    },
    close: () => client.close(),
  };
}

interface SandboxInfo { runtimeSpec?: { linux?: { namespaces?: { type: string; path?: string }[] } } }
const netnsOf = (info: string): string => (JSON.parse(info) as SandboxInfo).runtimeSpec?.linux?.namespaces?.find(({ type }) => type === 'network')?.path ?? '';
