/** Commands that run another command: what `sudo -u postgres psql -c …` or `bash -c '…'` runs in the end. */

/** A word of a command. */
export interface ShellWord {
	/** As written, quotes and expansions included. */
	readonly text: string;
	/** After quote removal; expansions are in it as they were written. */
	readonly value: string;
	/** True when an expansion makes the word unknown before the script runs. */
	readonly dynamic: boolean;
}

/** What a wrapper runs: the words of a command, or the text of a script. */
export type Inner =
	| { readonly kind: 'command'; readonly words: readonly ShellWord[] }
	| { readonly kind: 'script'; readonly text: string };

interface Wrapper {
	/** Options that take the next word as their value. */
	readonly valued?: RegExp;
	/** Options whose value is a script. */
	readonly script?: RegExp;
	/** How many operands come before the command, as the duration of `timeout` does; none by default. */
	readonly operands?: number;
	/** `NAME=value` words may come before the command. */
	readonly assignments?: true;
	/** Options with which nothing is run, such as those of `command -v`. */
	readonly inert?: RegExp;
}

const shell: Wrapper = { script: /^-[a-z]*c$/, valued: /^[-+][oO]$/ };
/** `su [-] USER -c SCRIPT`: whatever else is there, only the option's value is run. */
const switchUser: Wrapper = { script: /^(?:-c|--command|--session-command)$/, valued: /^-[gGswT]$/, operands: Infinity };

const wrappers: Readonly<Record<string, Wrapper>> = {
	sh: shell,
	bash: shell,
	dash: shell,
	su: switchUser,
	sudo: { valued: /^-[CDghpRrTtUu]$/, assignments: true, inert: /^-[lvKk]$/ },
	env: { valued: /^(?:-[uC]|--(?:unset|chdir))$/, script: /^-S$/, assignments: true },
	exec: { valued: /^-a$/ },
	command: { inert: /^-[vV]$/ },
	builtin: {},
	time: { valued: /^-[fo]$/ },
	timeout: { valued: /^-[ks]$/, operands: 1 },
	nice: { valued: /^-n$/ },
	ionice: { valued: /^-[cnp]$/ },
	nohup: {},
	setsid: {},
	stdbuf: { valued: /^-[ioe]$/ },
	xargs: { valued: /^-[adEILnPs]$/ },
	flock: { valued: /^-[wE]$/, script: /^(?:-c|--command)$/, operands: 1 },
	chroot: { operands: 1 },
	'systemd-run': { valued: /^(?:-[uptEM]|--(?:unit|property|slice))$/ },
};

/** `runuser -u USER [--] COMMAND` runs a command; without the option it is as `su` (util-linux, runuser(1)). */
const runCommandAsUser: Wrapper = { valued: /^(?:-[ugG]|--(?:user|group|supp-group))$/ };

function findWrapper(name: string, words: readonly ShellWord[]): Wrapper | undefined {
	if (name === 'runuser') return words.some(({ value }) => /^(?:-u|--user)/.test(value)) ? runCommandAsUser : switchUser;
	return Object.hasOwn(wrappers, name) ? wrappers[name] : undefined;
}

/** What the command `name` with its words runs in turn, or undefined when it runs nothing that is known. */
export function findInner(name: string, words: readonly ShellWord[]): Inner | undefined {
	if (name === 'eval') return { kind: 'script', text: words.slice(1).map((word) => word.value).join(' ') };
	const wrapper = findWrapper(name, words);
	if (!wrapper) return undefined;
	let operands = wrapper.operands ?? 0;
	let at = 1;
	for (let word = words[at]; word; word = words[at]) {
		const next = words[at + 1];
		if (wrapper.inert?.test(word.value)) return undefined;
		if (wrapper.script?.test(word.value)) return next && { kind: 'script', text: next.value };
		at++;
		if (word.value === '--') break;
		if (wrapper.valued?.test(word.value)) at++;
		else if (/^-/.test(word.value) || (wrapper.assignments && /^\w+=/.test(word.value))) continue;
		else if (operands-- <= 0) {
			at--;
			break;
		}
	}
	// Without a script option, the operand of a shell is a file, which nobody reads here.
	if (wrapper === shell || at >= words.length) return undefined;
	return { kind: 'command', words: words.slice(at) };
}
