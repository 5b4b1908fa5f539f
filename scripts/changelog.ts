/** The sections of a changelog in the form of keepachangelog.com. */

/** Text below the heading of a version, without the heading; undefined where there is none. */
export function sectionOf(changelog: string, version: string): { date: string; text: string } | undefined {
  const parts = changelog.split(/^## /m).slice(1);
  for (const part of parts) {
    const [, name, date] = /^\[(\S+)\] - (\d{4}-\d{2}-\d{2})\n/.exec(part) ?? [];
    // The links at the end of the file belong to no version.
    if (name === version)
      return {
        date: date!,
        text: part
          .replace(/^.*\n/, "")
          .replace(/^\[[^\]]+\]: .*$/gm, "")
          .trim(),
      };
  }
  return undefined;
}

/** A version as semver.org has it, without build metadata: X.Y.Z or X.Y.Z-rc.1. */
export const versionForm = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Whether a version comes before its release: has a part such as -rc.1. */
export const isPrerelease = (version: string): boolean => version.includes("-");
