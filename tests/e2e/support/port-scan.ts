/**
 * Tries every TCP port of an address, thousands at once, and prints those that answer: `PORT open` or `PORT closed` (a
 * refusal). What a firewall drops is not printed. A plain program of Python's own library: it runs on the peer too.
 */
const script = `
import errno, resource, select, socket, sys, time
address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
at_once, patience = 6000, 1.5
resource.setrlimit(resource.RLIMIT_NOFILE, (at_once + 100,) * 2)
for first in range(1, 65536, at_once):
    waiting, poll = {}, select.epoll()
    for port in range(first, min(first + at_once, 65536)):
        one = socket.socket(family)
        one.setblocking(False)
        code = one.connect_ex((address, port))
        if code == errno.EINPROGRESS:
            waiting[one.fileno()] = (port, one)
            poll.register(one.fileno(), select.EPOLLOUT)
        else:
            print(port, "open" if code == 0 else "closed" if code == errno.ECONNREFUSED else errno.errorcode[code])
    end = time.monotonic() + patience
    while waiting and (left := end - time.monotonic()) > 0:
        for number, _ in poll.poll(left):
            port, one = waiting.pop(number)
            code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            print(port, "open" if code == 0 else "closed" if code == errno.ECONNREFUSED else errno.errorcode[code])
            poll.unregister(number)
            one.close()
    for _, one in waiting.values(): one.close()
    poll.close()
`;

/** Command line that scans an address. */
export const scanCommand = (address: string): string[] => ["python3", "-c", script, address];

/** What a scan printed, by port. */
export function readScan(stdout: string): Map<number, string> {
  return new Map(
    stdout
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line): [number, string] => [Number(line.split(" ")[0]), line.split(" ")[1] ?? ""]),
  );
}
