/** Where the name of an address is: RFC 1035, section 3.5, and RFC 3596, section 2.5. */
export function reverseName(address: string): string {
  if (!address.includes(":")) return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
  return `${nibbles(address).reverse().join(".")}.ip6.arpa`;
}

/** The 32 hexadecimal digits of an IPv6 address. */
function nibbles(address: string): string[] {
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = (text: string) => text.split(":").filter(Boolean);
  const known = [groups(head), groups(tail ?? "")] as const;
  const zeros = Array<string>(8 - known[0].length - known[1].length).fill("0");
  return [...known[0], ...(tail === undefined ? [] : zeros), ...known[1]].flatMap((group) => [
    ...group.padStart(4, "0"),
  ]);
}
