import { hostnameOf } from "../history/history";
import { setWith, type Problem } from "./problem";
import type { Settings } from "./schema";
import { hostNames } from "./web-names";

/** What a relay needs beside its name, and what would send mail in circles. */
export function relayProblems(settings: Settings): Problem[] {
  const { relayHost, relayUser, relayDomains } = settings;
  if (relayHost === "") return [];
  const hosted = [settings.domain, ...settings.domains.map((domain) => domain.name)];
  const own = [...hosted, ...hostNames(settings, hostnameOf(settings))];
  const problems: Problem[] = [];
  if (own.includes(relayHost))
    problems.push({ key: "relayHost", message: `"${relayHost}" is this mail server itself; name the relay's server` });
  if (relayUser === "") problems.push({ key: "relayUser", message: `is missing; ${setWith("relayUser")}` });
  relayDomains.forEach((domain, index) => {
    const key = `relayDomains[${index}]`;
    if (!hosted.includes(domain))
      problems.push({ key, message: `"${domain}" is not one of the hosted domains (${hosted.join(", ")})` });
    else if (relayDomains.indexOf(domain) < index)
      problems.push({ key, message: `"${domain}" is already relayDomains[${relayDomains.indexOf(domain)}]` });
  });
  return problems;
}
