/** A size by its name in a file of /proc that has them in kB, such as `status` or `smaps_rollup` (proc(5)), in bytes. */
export function parseProcSize(text: string, name: string): number | undefined {
	const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
	return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
