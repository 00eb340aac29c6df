/** The commands of a traced startup script that may have cut its machine off. */
import type { ScriptTrace } from '../lab/trace.js';
import { cutOfText, type CutKind } from '../shell/network-commands.js';

/** A command that may have cut its machine off. */
export interface CutOff {
	readonly kind: CutKind;
	readonly script: string;
	/** 1-based line of the script, or of the call that led to the command; absent where the shell does not report it. */
	readonly line?: number;
	readonly command: string;
}

/** Spares reading the others. */
const suspicious = /\b(?:ip|ifdown|ifconfig|networkctl|nmcli|iptables\S*|nft|ufw|firewall-cmd|systemctl)\b/;

const maximumCuts = 100;

/** The commands of a trace that may have cut the machine off and have not failed, in their order. */
export function cutOffsIn(script: string, trace: ScriptTrace | undefined): readonly CutOff[] {
	let call: number | undefined;
	const found = (trace?.steps ?? []).flatMap(({ command, line, source, status = 0 }): CutOff[] => {
		if (source === undefined) call = line;
		const kind = status === 0 && suspicious.test(command) ? cutOfText(command) : undefined;
		return kind === undefined ? [] : [{ kind, script, command, ...(call === undefined ? {} : { line: call }) }];
	});
	return found.slice(-maximumCuts);
}
