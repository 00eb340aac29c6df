/** The state of a machine at one moment, as its agent reports it, and in what two such state snapshots differ. */

export interface SnapshotFile {
	/** One letter, as find(1) prints it: `f` regular, `d` directory, `l` symbolic link, … */
	readonly type: string;
	/** Octal digits. */
	readonly mode: string;
	/** `user:group`, by number where the machine has no name for it. */
	readonly owner: string;
	/** Bytes; 0 for what is no regular file. */
	readonly size: number;
	/** Of a symbolic link. */
	readonly target?: string;
	/** Of the content; present only when the file was written since provisioning began, and is not too large. */
	readonly digest?: string;
	/** Of a small text that is no secret and was written since provisioning began. */
	readonly text?: string;
}

/** A machine, each kind of thing by its name. */
export interface StateSnapshot {
	/** By absolute path. */
	readonly files: Readonly<Record<string, SnapshotFile>>;
	/** Units that systemd has loaded and that are not simply inactive: `active`, `failed`, `starting`, … */
	readonly units: Readonly<Record<string, string>>;
	/** What is listened on, such as `tcp 0.0.0.0:22`. */
	readonly ports: readonly string[];
	/** `uid:gid:comment:home:shell` by name. */
	readonly users: Readonly<Record<string, string>>;
	/** `gid:members` by name. */
	readonly groups: Readonly<Record<string, string>>;
	/** Versions of what is installed. */
	readonly packages: Readonly<Record<string, string>>;
	/** Such as `10.71.0.10/24 on enp0s3`. Link-local ones and those of the loopback are left out. */
	readonly addresses: readonly string[];
}

export type DifferenceKind = 'file' | 'unit' | 'port' | 'user' | 'group' | 'package' | 'address';

/** One thing that is not as it was. */
export interface Difference {
	readonly kind: DifferenceKind;
	/** A path, a unit, a port, … as in the snapshot. */
	readonly subject: string;
	readonly change: 'added' | 'removed' | 'changed';
	/** What there was and what there is, in short: a state, a version, `mode 644`. */
	readonly before?: string;
	readonly after?: string;
	/** Lines of a small text that have come and gone, in their order. */
	readonly addedLines?: readonly string[];
	readonly removedLines?: readonly string[];
}
