/** Program that puts one file of kernel settings into effect; systemd does the same at boot. */
export function applySysctl(path: string): string[] {
  return ["/usr/lib/systemd/systemd-sysctl", path];
}
