import type { Awake } from './agent-message.js';

/** The identity that a machine must have, restored or not. */
export interface Identity {
	readonly machineId: string;
	/** `ssh-ed25519 AAAA… comment`. */
	readonly hostKey: string;
}

/** How far a restored machine's clock may be off, in milliseconds. */
const clockToleranceMs = 1000;

/** Type and key of a public key line; the comment is nobody's identity. */
const keyOf = (line: string): string => line.split(/\s+/).slice(0, 2).join(' ');

/**
 * What is wrong with a restored machine, a sentence each; none when it is as good as a booted one.
 * @param identity absent for a machine whose startup scripts have run: they may have given it another
 */
export function findHealthProblems(awake: Awake, identity: Identity | undefined): string[] {
	const complaints: string[] = [];
	const { clockOffsetMs, clockDelayMs } = awake;
	// On a busy host an answer is slow, and less exact: that is no fault of the clock's.
	const isRight = Math.abs(clockOffsetMs) <= clockToleranceMs + clockDelayMs / 2;
	if (!isRight) complaints.push(`its clock is off by ${Math.round(clockOffsetMs)} ms`);
	if (!(awake.reseeded >= 1)) complaints.push('its kernel has not reseeded its random numbers');
	if (identity && awake.machineId !== identity.machineId) complaints.push(`its machine id is ${awake.machineId || 'missing'}`);
	if (identity && keyOf(awake.hostKey) !== keyOf(identity.hostKey)) complaints.push("its SSH host key is not the node's");
	if (awake.failedUnits !== '') complaints.push(`units have failed: ${awake.failedUnits.split('\n')[0] ?? ''}`);
	return complaints;
}
