import type { Hosts, ObjectStore, Zones } from "../../contracts";
import type { Store } from "../state";
import type { Instance } from "./state";
import { notFound } from "./errors";

/** What the parts of the Linode API work with. */
export interface LinodeContext {
  store: Store;
  hosts: Hosts;
  zones: Zones;
  objects: ObjectStore;
  /** One line about something that happened outside a request. */
  log: (line: string) => void;
  /** Work that goes on after an answer was sent; `close` waits for it. */
  background: Set<Promise<void>>;
  /** Of that, the last work on each system, by the instance's number. */
  onSystems: Map<number, Promise<void>>;
}

/** The API's time format: UTC, seconds, no zone. */
export function now(): string {
  return new Date().toISOString().slice(0, 19);
}

/** @throws LinodeError 404. */
export function instanceById(context: LinodeContext, id: string | number): Instance {
  return context.store.state.linode.instances.find((one) => one.id === Number(id)) ?? notFound();
}

/** Changes an instance and writes the state; nothing happens when the instance is gone meanwhile. */
export function changeInstance(context: LinodeContext, id: number, change: (instance: Instance) => void): void {
  context.store.update(({ linode }) => {
    const instance = linode.instances.find((one) => one.id === id);
    if (instance === undefined) return;
    change(instance);
    instance.updated = now();
  });
}

/** The name of an instance's system. */
export function hostName(id: number): string {
  return `linode-${id}`;
}
