import type { CommandLine } from "./print-command-lines";

/** Why this command line would be refused; undefined when it would be taken. */
export function misuse(top: CommandLine, words: string[]): string | undefined {
  let command = top;
  let positional = 0;
  const options = [...top.options];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    // The rest is a command for somebody else once a variadic command has its first word.
    if (command.most === null && positional > 0) return undefined;
    if (word === "--help") return undefined;
    if (word.startsWith("-")) {
      const option = options.find((one) => one.flags.includes(word));
      if (!option) return `${command.name} has no option ${word}`;
      if (option.takesValue) at += 1;
      if (option.takesValue && words[at] === undefined) return `${word} needs a value`;
      continue;
    }
    if (command === top) {
      const found = top.commands.find((one) => one.name === word);
      if (!found) return `there is no command ${word}`;
      command = found;
      options.push(...found.options);
      continue;
    }
    positional += 1;
    if (command.most !== null && positional > command.most) return `${command.name} takes no word ${word}`;
  }
  return positional < command.least ? `${command.name} needs more words` : undefined;
}
