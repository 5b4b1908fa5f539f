/**
 * A network by its first address: `192.0.2.77/24` is `192.0.2.0/24`. Some daemons refuse to start when the rest is not
 * zero.
 * @param cidr - Checked: an address and the length of its prefix.
 */
export function networkOf(cidr: string): string {
  const [address = "", length = ""] = cidr.split("/");
  const bits = Number(length);
  return `${address.includes(":") ? first6(address, bits) : first4(address, bits)}/${bits}`;
}

function first4(address: string, bits: number): string {
  return masked(address.split(".").map(Number), 8, bits).join(".");
}

function first6(address: string, bits: number): string {
  // The URL standard has one way to write an address: without zeros that are not needed, and IPv4 at the end as IPv6.
  const [head = "", tail = ""] = shortest(address).split("::");
  const groups = (text: string) => text.split(":").filter(Boolean);
  const [before, behind] = [groups(head), groups(tail)];
  const zeros = Array<string>(8 - before.length - behind.length).fill("0");
  const all = [...before, ...zeros, ...behind].map((group) => parseInt(group, 16));
  return shortest(
    masked(all, 16, bits)
      .map((group) => group.toString(16))
      .join(":"),
  );
}

function shortest(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** The parts of an address, each so many bits wide, with all bits behind the prefix zero. */
function masked(parts: number[], width: number, bits: number): number[] {
  return parts.map((part, index) => {
    const kept = Math.min(width, Math.max(0, bits - index * width));
    const unit = 2 ** (width - kept);
    return Math.floor(part / unit) * unit;
  });
}
