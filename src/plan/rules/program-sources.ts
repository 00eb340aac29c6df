/** Where a node's scripts take programs from that no package of its recipe brings: from files of their own, or from somewhere. */
import { filledIn } from '../../shell/filled-in.js';
import type { ScriptAnalysis, ShellCommand } from '../../shell/script.js';
import { isKnownPackage } from './command-packages.js';

/** What the scripts of a node bring, beside its packages. */
export interface ProgramSources {
	/** Programs that a command names the place of, which copies, links or writes it. */
	readonly made: ReadonlySet<string>;
	/** The files that commands name which copy, link or write them. */
	readonly written: ReadonlySet<string>;
	/** Why any other program may be there all the same, as text. */
	readonly doubt: string | undefined;
}

/** What scripts bring of which nothing but their text is known, with the packages that are declared. */
export function findProgramSources(scripts: readonly ScriptAnalysis[], declared: ReadonlySet<string>): ProgramSources {
	const places = scripts.flatMap(placesIn);
	const written = new Set(places);
	const made = new Set(places.flatMap((place) => madePath.exec(place.slice(-longestPath))?.[1] ?? []));
	for (const script of scripts) {
		const doubt = doubtOf(script, written);
		if (doubt !== undefined) return { made, written, doubt };
	}
	const unknown = [...declared].find((name) => !isKnownPackage(name));
	return { made, written, doubt: unknown === undefined ? undefined : `${unknown} may depend on it` };
}

/** The files that a script makes as far as commands name them. A reader makes nothing of what it is given. */
const placesIn = ({ commands, variables }: ScriptAnalysis): readonly string[] =>
	commands.flatMap(({ name, words, writes }) =>
		[...writes, ...(makers.has(name ?? '') ? words.slice(1) : [])].map(({ value }) => pathOf(value, variables)),
	);

const makers = new Set(['ln', 'cp', 'mv', 'install', 'tee', 'chmod', 'curl', 'wget', 'update-alternatives', 'dd', 'touch', 'rsync']);

/** A program by its place, whatever comes before it: `/usr/local/bin/x`, or in a directory that only the script knows. */
const madePath = /(?:\/s?bin|\$[^/]*)\/([^/]+)$/;

/** A word with the variables that have a fixed value. */
const pathOf = (value: string, variables: ReadonlyMap<string, string>): string => (value.length > longestPath ? value : filledIn(value, variables));

/** Longer ones are no paths that anybody wrote, and would take long to fill in. */
const longestPath = 1000;

/** Why a program may be there that no package is known for. */
export function doubtOf(script: ScriptAnalysis, written: ReadonlySet<string>): string | undefined {
	if (script.assigned.has('PATH')) return elsewhere;
	if (script.functions.has('command_not_found_handle')) return 'the script decides what is done for a program that is missing';
	for (const command of script.commands) {
		const doubt = doubtOfCommand(command, script, written);
		if (doubt !== undefined) return doubt;
	}
	return undefined;
}

const elsewhere = 'the script looks for programs in other places, too (PATH)';
const installs = 'the script installs packages of its own';

function doubtOfCommand(command: ShellCommand, { variables }: ScriptAnalysis, written: ReadonlySet<string>): string | undefined {
	const { name, words, isRead } = command;
	const operands = words.slice(1);
	if (name === '.' || name === 'source') return `a file that the script sources (${shortly(words[1]?.text)}) may define it`;
	if (name === 'eval' && operands.some(({ dynamic }) => dynamic)) return `what the script evaluates (${shortly(operands[0]?.text)}) may define it`;
	if (name === 'alias' && operands.some(({ value, dynamic }) => dynamic && /^[^=]*[$`]/.test(value))) return 'the script makes aliases of names that it works out';
	if (isQuestion(command) && operands.some(({ dynamic }) => dynamic)) return 'the script asks which programs are there';
	if (talkers.has(name ?? '')) return undefined;
	if (operands.some(({ value }) => /^PATH\+?=/.test(value))) return elsewhere;
	if (isInstaller(name, operands.map(({ value }) => value))) return installs;
	if (shells.test(name ?? '')) return isRead || isGivenText(operands.map(({ value }) => value)) ? undefined : `another script that the script runs (${shortly(words.map(({ text }) => text).join(' '))}) may bring it`;
	const path = pathOf(words[0]?.value ?? '', variables);
	if (name === undefined ? path.includes('/') : isForeign(path) && !written.has(path)) return `what the script runs (${shortly(path)}) may bring it`;
	const into = readers.has(name ?? '') ? undefined : operands.map(({ value }) => pathOf(value, variables)).find((value) => binDirectory.test(value) || (unpackers.has(name ?? '') && rootDirectory.test(value)));
	return into === undefined ? undefined : `the script puts files into ${shortly(into.replace(/^[^/]*/, ''))}`;
}

const shortly = (text = ''): string => text.slice(0, 60);

const shells = /^(?:ba|da|k|z)?sh$/;

/** Commands whose operands are but words. */
const talkers = new Set(['echo', 'printf', 'logger', '[', '[[', 'test', 'grep', 'sed', 'awk']);

/** Commands that put nothing into a directory that they are given. */
const readers = new Set([...talkers, 'ls', 'find', 'stat', 'du', 'df', 'mkdir', 'chown', 'readlink', 'realpath', 'dirname', 'basename', 'rm', 'rmdir', 'mount', 'ldd']);

const unpackers = new Set(['tar', 'bsdtar', 'unzip', 'cpio', 'cp', 'mv', 'rsync', 'install', 'dpkg-deb', 'ar', '7z', '7zz', 'unsquashfs', 'git']);

/** A directory in which the shell looks for programs, by itself or as the value of an option. */
const binDirectory = /^(?:-[A-Za-z]|--?[\w-]+=)?(?:\/usr(?:\/local)?)?\/s?bin\/?\*?$/;
/** A directory that such a one is in. */
const rootDirectory = /^(?:-[A-Za-z]|--?[\w-]+=)?(?:\/|\/usr\/?|\/usr\/local\/?)$/;

/** Whether a program by its path is none of Debian's own. */
const isForeign = (path: string): boolean => path.includes('/') && !/^(?:\/usr)?\/s?bin\/[^/]+$/.test(path);

/** `sh -c TEXT` and `sh -n FILE`: nothing is run that is not read here. */
function isGivenText(operands: readonly string[]): boolean {
	const option = operands.find((value) => /^-[a-zA-Z]*[cn]/.test(value));
	return option !== undefined || /^--(?:version|help)$/.test(operands[0] ?? '');
}

/** Whether a command is one that installs what it is given, under whatever name: `apt-get install`, `$APT install`, `make install`. */
function isInstaller(name: string | undefined, operands: readonly string[]): boolean {
	if (name === 'install' || name === 'update-alternatives' || name === 'systemctl') return false;
	if (name === 'dpkg') return operands.some((value) => /^(?:-[a-zA-Z]*i|--install$|--unpack$)/.test(value));
	if (/^(?:npm|pnpm|yarn)$/.test(name ?? '') && operands.some((value) => /^(?:i|add|ci|link)$/.test(value))) return true;
	if (/^(?:gdebi|debootstrap|ansible-playbook|ansible|ansible-pull|puppet)$/.test(name ?? '')) return true;
	return operands.some((value) => /^(?:--)?install$/.test(value));
}

/** Whether a command asks if a program is there. */
export function isQuestion({ name, words }: ShellCommand): boolean {
	if (name === 'command') return words.slice(1, 3).some(({ value }) => /^-p?[vV]$/.test(value));
	return /^(?:type|which|hash)$/.test(name ?? '');
}
