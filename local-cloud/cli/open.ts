import { controller, controllerSecret } from "../../components/services/rspamd";
import { openDoor, type Door } from "../cloud/door";
import { cloudNamespace } from "../places";
import type { LocalServer } from "./bring-up";

/** A page of the mail host that `open` knows, by its name. */
interface Page {
  about: string;
  /** Where it is inside the cloud. */
  door(cloud: string, server: LocalServer): Door;
  /** The command line of the host that prints the password, where there is one for the whole page. */
  password?: string[];
}

export const pages: Record<string, Page> = {
  webmail: {
    about: "read and write mail in the browser",
    door: (cloud, { webmail, trustFile }) => {
      if (!webmail) throw new Error("this stack has no webmail; mailstack:webmail is false");
      return { namespace: cloudNamespace(cloud), origin: webmail, trustFile };
    },
  },
  rspamd: {
    about: "what the spam filter found and learned",
    // On the host itself it listens for the host alone, so the door begins there.
    door: (_cloud, { namespace, trustFile }) => ({ namespace, origin: `http://${controller}`, trustFile }),
    password: ["cat", `/etc/mailstack/secrets/${controllerSecret}`],
  },
};

/**
 * Makes a page reachable for a browser of this machine, until `down`.
 * @returns its address.
 */
export async function openPage(cloud: string, server: LocalServer, name: string): Promise<string> {
  const page = pages[name];
  if (!page) throw new Error(`no page "${name}"; there are ${Object.keys(pages).join(", ")}`);
  return openDoor(cloud, name, page.door(cloud, server));
}
