import { seenBy, type Mutant } from "./mutant";

/** Faults in the program on the host, and in what counts tests. */
export const codeMutants: Mutant[] = [
  ...seenBy("host/test_dkim_rotation", [
    ["a key signs that the DNS does not show", "host/mailstack/keys/dkim.py", "    _refuse_unpublished(now)\n", ""],
    [
      "one server of a zone is enough",
      "host/mailstack/keys/dkim_record.py",
      "    for server in servers:",
      "    for server in servers[:1]:",
    ],
    ["any key under the name is fine", "host/mailstack/keys/dkim_record.py", "if there != [public]:", "if not there:"],
  ]),
  ...seenBy("unit/dkim-rotation", [
    [
      "a key that signed goes with its setting",
      "components/history/dkim-keys.ts",
      "past.kept?.[name] ?? (signed ? day : undefined)",
      "past.kept?.[name]",
    ],
    [
      "a key that was never published may sign",
      "components/history/dkim-keys.ts",
      "!(dkimSelector in published)",
      "false",
    ],
  ]),
  ...seenBy("host/test_passwords", [
    [
      "one salt for all passwords",
      "host/mailstack/accounts/passwords.py",
      '"passwd", "-6", "-stdin"',
      '"passwd", "-6", "-salt", "mailstack", "-stdin"',
    ],
    ["weak passwords are enough", "host/mailstack/accounts/password_policy.py", "BITS = 37.0", "BITS = 30.0"],
    [
      "words cost as much as letters",
      "host/mailstack/accounts/password_policy.py",
      "return 14 if part in words else math.inf",
      "return math.inf",
    ],
    [
      "a digit for a letter makes a word strong",
      "host/mailstack/accounts/password_policy.py",
      "texts = {plain, *(plain.translate(table) for table in _LEET)}",
      "texts = {plain}",
    ],
    [
      "any password fits",
      "host/mailstack/accounts/passwords.py",
      "return made is not None and hmac.compare_digest(made, hashed)",
      "return made is not None",
    ],
  ]),
  ...seenBy("host/test_durable", [
    [
      "a file is not on the disk when it gets its name",
      "host/mailstack/safe_path.py",
      "            os.fsync(file.fileno())\n",
      "",
    ],
    [
      "a name is not on the disk when somebody hears of it",
      "host/mailstack/atomic_file.py",
      "    sync_directory(os.path.dirname(path))\n",
      "",
    ],
    [
      "a secret can be read for a moment",
      "host/mailstack/safe_path.py",
      'os.open(name, flags, 0o600, dir_fd=folder), "wb"',
      'os.open(name, flags, 0o644, dir_fd=folder), "wb"',
    ],
    [
      "the group of before reads a secret",
      "host/mailstack/safe_path.py",
      "            os.fchown(file.fileno(), uid, gid)\n            os.fchmod(file.fileno(), mode)\n",
      "            os.fchmod(file.fileno(), mode)\n            os.fchown(file.fileno(), uid, gid)\n",
    ],
  ]),
  ...seenBy("host/test_rollback", [
    [
      "a daemon that ends after its start is fine",
      "host/mailstack/apply/apply.py",
      "        units.must_run(bundle.units)\n",
      "",
    ],
  ]),
  ...seenBy("host/test_secrets", [
    [
      "the folder of secrets is open",
      "host/mailstack/apply/secret_store.py",
      "set_ownership(folder, 0, 0, 0o700)",
      "set_ownership(folder, 0, 0, 0o755)",
    ],
  ]),
  ...seenBy("host/test_login_policy", [
    [
      "a lockout never begins",
      "host/mailstack/daemons/login_policy.py",
      "return until is None or until <= self._now()",
      "return True",
    ],
  ]),
  ...seenBy("host/test_senders", [
    [
      "wide letters hide a name",
      "host/mailstack/daemons/senders.py",
      'unicodedata.normalize("NFKC", text).casefold()',
      "text.casefold()",
    ],
  ]),
  ...seenBy("unit/test-counter", [
    ["a file without a test counts", "scripts/test-counts.ts", "if (ran === 0) return", "if (ran < 0) return"],
    ["tests vanish", "scripts/test-counts.ts", "least && ran < least", "least && ran < 0"],
  ]),
  ...seenBy("host/test_alerts", [
    ["one bad run is an alert", "host/mailstack/alerts/conditions.py", "_RUNS = 3", "_RUNS = 1"],
    ["an alert is never repeated", "host/mailstack/alerts/conditions.py", "CRITICAL: 4 * 3600.0", "CRITICAL: 4e9"],
    [
      "a deployment that hangs silences the watch",
      "host/mailstack/alerts/deployment.py",
      "_LONGEST_SECONDS = 3600.0",
      "_LONGEST_SECONDS = 3.6e9",
    ],
  ]),
  ...seenBy("host/test_alerts_delivery", [
    [
      "an alert goes again to channels that had it",
      "host/mailstack/alerts/delivery.py",
      'del message["pending"][name]',
      'message["pending"][name]["next"] = 0',
    ],
    [
      "an alert goes to anybody with a certificate",
      "host/mailstack/alerts/https.py",
      "self._context_of_ours = ssl.create_default_context()",
      "self._context_of_ours = ssl._create_unverified_context()",
    ],
  ]),
];
