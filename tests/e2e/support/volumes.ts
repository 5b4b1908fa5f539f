import assert from "node:assert/strict";
import { execa } from "execa";
import { stateFolder } from "../../../local-cloud/places";
import { linode } from "./linode";
import { testCloud, type Server } from "./servers";
import { until } from "./until";

/** A volume as the provider tells of it. */
export interface ToldVolume {
  id: number;
  label: string;
  size: number;
  status: string;
  linode_id: number | null;
  filesystem_path: string;
}

/** The volumes of the account whose label is that of the server's host. */
export async function mailVolumes(server: Server): Promise<ToldVolume[]> {
  const { data } = await linode<{ data: ToldVolume[] }>(server, "GET", "volumes");
  return data.filter(({ label }) => label === server.hostname.replaceAll(".", "-"));
}

export async function mailVolume(server: Server): Promise<ToldVolume> {
  const [volume] = await mailVolumes(server);
  assert.ok(volume, "there is no volume for the mail");
  return volume;
}

/** One call about a volume, done when the provider says that it is. */
export async function changeVolume(server: Server, id: number, action: string, body: object = {}): Promise<void> {
  await linode(server, "POST", `volumes/${id}/${action}`, JSON.stringify(body));
  await until(`${action} of the volume`, async () => {
    const { data } = await linode<{ data: { action: string; status: string; entity: { id: number } | null }[] }>(
      server,
      "GET",
      "account/events",
    );
    const newest = data.find((event) => event.action === `volume_${action}` && event.entity?.id === id);
    return newest?.status === "finished";
  });
}

/** Detaches and deletes volumes. */
export async function deleteVolumes(server: Server, volumes: ToldVolume[]): Promise<void> {
  for (const { id, linode_id } of volumes) {
    if (linode_id !== null) await changeVolume(server, id, "detach");
    await linode(server, "DELETE", `volumes/${id}`);
  }
}

/** What Linode does not do: the host sees a volume's new size while it runs. */
export async function showSize({ id, size }: ToldVolume): Promise<void> {
  const file = `${stateFolder(testCloud)}/volumes/${id}.img`;
  const { stdout } = await execa("losetup", ["--noheadings", "--output", "NAME,SIZELIMIT", "--associated", file]);
  const device = stdout.trim().split(/\s+/)[0]!;
  await execa("truncate", ["--size", `${size}G`, file]);
  await execa("losetup", ["--set-capacity", device]);
}

/** The host, for `pulumi up --replace`. */
export const instance = "**linode:index/instance:Instance::mail";

/**
 * A host without a volume. An earlier run leaves mail on its volume: any other test can use that, and a new host takes a
 * minute.
 */
export async function withoutVolume(server: Server): Promise<Server> {
  const left = await mailVolumes(server);
  if (left.length === 0) return server;
  await server.up(["--replace", instance]);
  const made = await server.successor();
  await deleteVolumes(made, left);
  return made;
}
