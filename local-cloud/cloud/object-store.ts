import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import type { LookupFunction } from "node:net";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  ListBucketsCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { writeAtomically } from "../api/atomic-file";
import { addresses, type ObjectAccess, type ObjectStore } from "../contracts";
import { certificateFor, rootCertificate } from "../images";
import { cloudNamespace, stateFolder } from "../places";
import { startService } from "./service-process";
import { until } from "./services";

interface Key {
  accessKey: string;
  secretKey: string;
}

/** The cloud's S3 server; it is started when the first key or bucket is made. */
export class S3Server implements ObjectStore {
  private readonly state: string;
  private access: ObjectAccess = { endpoints: [], buckets: {}, keys: [] };
  private started: Promise<void> | undefined;

  constructor(
    private readonly cloud: string,
    /** Root of the image with the server. */
    private readonly image: string,
    private readonly failed: (line: string) => void,
  ) {
    this.state = join(stateFolder(cloud), "objects");
  }

  async serve(access: ObjectAccess): Promise<void> {
    mkdirSync(this.state, { recursive: true, mode: 0o700 });
    this.access = access;
    writeAtomically(join(this.state, "access.json"), JSON.stringify({ owner: this.owner(), ...access }));
    this.started ??= this.start();
    try {
      await this.started;
    } catch (error) {
      this.started = undefined;
      throw error;
    }
    const { Buckets = [] } = await this.client(access.endpoints[0]!).send(new ListBucketsCommand({}));
    const there = new Set(Buckets.map(({ Name }) => Name));
    for (const [Bucket, endpoint] of Object.entries(access.buckets))
      if (!there.has(Bucket)) await this.client(endpoint).send(new CreateBucketCommand({ Bucket }));
  }

  async usage(label: string): Promise<{ objects: number; size: number }> {
    const sum = { objects: 0, size: 0 };
    for await (const { Contents = [] } of paginateListObjectsV2({ client: this.clientOf(label) }, { Bucket: label }))
      for (const { Size = 0 } of Contents) {
        sum.objects += 1;
        sum.size += Size;
      }
    return sum;
  }

  async removeBucket(label: string): Promise<boolean> {
    try {
      await this.clientOf(label).send(new DeleteBucketCommand({ Bucket: label }));
      return true;
    } catch (error) {
      if ((error as Error).name === "BucketNotEmpty") return false;
      throw error;
    }
  }

  private async start(): Promise<void> {
    const { endpoints } = this.access;
    cpSync(join(__dirname, "../object-store/files"), join(this.state, "program"), { recursive: true });
    const names = endpoints.flatMap((name) => [name, `*.${name}`]);
    const made = await certificateFor(join(this.state, "certificates"), names);
    writeFileSync(join(this.state, "server.crt"), made.cert);
    writeFileSync(join(this.state, "server.key"), made.key, { mode: 0o600 });
    const env = {
      PYTHONPATH: "/opt/object-store",
      PYTHONDONTWRITEBYTECODE: "1",
      // Every request needs a key, from the first on.
      INITIAL_NO_AUTH_ACTION_COUNT: "0",
      MOTO_S3_CUSTOM_ENDPOINTS: endpoints.map((name) => `https://${name}`).join(","),
    };
    const command = ["/usr/bin/python3", "/srv/program/server.py", "/srv", addresses.objects, "443"];
    const network = `/run/netns/${cloudNamespace(this.cloud)}`;
    startService(this.image, { name: "objects", command, state: this.state, env, network }, this.failed);
    const client = this.client(endpoints[0]!);
    await until("the object storage", () => client.send(new ListBucketsCommand({})));
  }

  /** Of the cloud itself: the only key that may make and remove buckets. */
  private owner(): Key {
    const file = join(this.state, "owner.json");
    if (!existsSync(file)) {
      const key: Key = { accessKey: "LOCALCLOUDOWNER00000", secretKey: randomBytes(20).toString("hex") };
      writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
    }
    return JSON.parse(readFileSync(file, "utf8")) as Key;
  }

  private clientOf(label: string): S3Client {
    return this.client(this.access.buckets[label]!);
  }

  private client(endpoint: string): S3Client {
    const { accessKey, secretKey } = this.owner();
    // This process lives in the cloud's network, but asks the machine's DNS.
    const lookup = ((_name, { all }, found) => {
      const place = { address: addresses.objects, family: 4 };
      if (all) found(null, [place]);
      else found(null, place.address, place.family);
    }) as LookupFunction;
    const httpsAgent = new Agent({ ca: readFileSync(rootCertificate), lookup });
    return new S3Client({
      endpoint: `https://${endpoint}`,
      region: "auto",
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
      requestHandler: { httpsAgent, requestTimeout: 30_000 },
      maxAttempts: 1,
    });
  }
}
