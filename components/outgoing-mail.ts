import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./deployment/host";
import { outgoingOf, relayPasswordSecret, type OutgoingSettings } from "./services/outgoing";
import { hasRelay } from "./settings/relay";

/**
 * The password at the relay, for the host; nothing without a relay.
 * @throws Error when the password is missing; a checked configuration always has it.
 */
export function relaySecret(
  settings: OutgoingSettings,
  password: pulumi.Input<string> | undefined,
): Record<string, pulumi.Output<string>> {
  if (!hasRelay(settings)) return {};
  if (password === undefined) throw new Error("the relay needs relayPassword");
  return { [relayPasswordSecret]: pulumi.secret(password).apply(checkedPassword) };
}

/**
 * A password that a line of a Postfix table can hold.
 * @throws pulumi.RunError for any other, without showing it.
 */
export function checkedPassword(password: string): string {
  if (password === "" || password.trim() !== password || /\p{Cc}/u.test(password))
    throw new pulumi.RunError(
      "mailstack:relayPassword: is empty, or has a line break, a control character, or a blank at an end",
    );
  return password;
}

/**
 * Looks whether mail leaves, as far as that can be seen without a mail, and warns who deploys: in the first `up`, and
 * after each change. It never fails: what is wrong is mostly somebody else's to put right, and mail waits meanwhile.
 */
export function lookAtOutgoing(
  name: string,
  host: Host,
  settings: OutgoingSettings,
  options: pulumi.CustomResourceOptions,
): void {
  const stdin = JSON.stringify(outgoingOf(settings));
  const secrets = hasRelay(settings) ? [relayPasswordSecret] : [];
  const looked = host.run(name, { arguments: "outgoing", stdin, secrets }, options);
  looked.stdout.apply((printed) =>
    Promise.all(warningsOf(printed, Date.now()).map((line) => pulumi.log.warn(line, options.parent))),
  );
}

/** An `up` may take this long after the host has looked. */
const newSeconds = 900;

/**
 * Warnings out of what the host has printed, in the `up` in which it looked: the state keeps the answer, and later it may no
 * longer be true.
 */
export function warningsOf(printed: string, nowMs: number): string[] {
  if (printed === "") return [];
  const { at, problems } = JSON.parse(printed) as { at: number; problems: string[] };
  return nowMs / 1000 - at < newSeconds ? problems : [];
}
