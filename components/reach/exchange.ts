import { z } from "zod";

/** Of what the two stacks tell each other. A stack that knows only older ones says so. */
export const exchangeVersion = 1;

const version = z.literal(exchangeVersion);
const name = z.string().min(1);

/** What a primary tells its backup MX. Plain: names that are in both configurations anyway. */
export const relayForSchema = z.object({
  version,
  /** Of the primary, where mail is handed on to. */
  hostname: name,
  administrator: name,
  /** Every hosted mail domain, the main one first. */
  domains: z.array(name).min(1),
  /** Every address that the primary takes mail for, in lower case, sorted. */
  recipients: z.array(name),
  /** Domains of which it takes every address. */
  catchAll: z.array(name),
  messageSizeLimitMb: z.int().min(1),
  /** Whether the zone says which key port 25 has; the backup's then has to be there too. */
  dane: z.boolean(),
});

/** See {@link relayForSchema}. */
export type RelayFor = z.output<typeof relayForSchema>;

/** What a backup MX tells its primary. */
export const backupMxSchema = z.object({
  version,
  hostname: name,
  ipv4: z.ipv4(),
  /** Empty with `ipv6: false`. */
  ipv6: z.union([z.literal(""), z.ipv6()]),
});

/** See {@link backupMxSchema}. */
export type BackupExchanger = z.output<typeof backupMxSchema>;

/** An output of a stack, as a reference of another one tells it. */
export interface ToldOutput {
  value?: unknown;
  secretValue?: unknown;
}

/**
 * What another stack has told, or why it cannot be used.
 * @param stack - Its name, for the message.
 * @param output - Name of the output.
 * @param next - What has to be done first when there is nothing yet.
 */
export function readExchange<T>(
  { value, secretValue }: ToldOutput,
  schema: z.ZodType<T>,
  { stack, output, next }: { stack: string; output: string; next: string },
): { told: T } | { problem: string } {
  const says = `the stack ${stack}`;
  const empty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  // A secret of another passphrase arrives as an empty object.
  if (secretValue !== undefined || empty)
    return { problem: `${says}: its output ${output} is secret, and must be plain; export it as outputsOf returns it` };
  if (value === undefined || value === null) return { problem: `${says} has no output ${output} yet; ${next}` };
  const other = (value as { version?: unknown }).version;
  if (other !== exchangeVersion) {
    const which = typeof other === "number" && other > exchangeVersion ? "this stack" : says;
    return {
      problem: `${says}: its output ${output} has version ${JSON.stringify(other)}, and version ${exchangeVersion} is needed; bring ${which} up with the newer version of Mailstack`,
    };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { told: parsed.data };
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return { problem: `${says}: its output ${output} is not usable: ${wrong.join("; ")}` };
}
