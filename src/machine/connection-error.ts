/** Why a TCP connection made in the guest's name did not come about. */
export type ConnectionReason = 'refused' | 'timed-out' | 'unreachable' | 'unknown-host' | 'failed';

/** A TCP connection that the guest could not open for us. */
export class GuestConnectionError extends Error {
	readonly reason: ConnectionReason;

	constructor(host: string, port: number, reason: ConnectionReason, message: string) {
		super(`connection to ${host}:${port} ${phrases[reason]}${reason === 'failed' && message !== '' ? ` (${message})` : ''}`);
		this.name = 'GuestConnectionError';
		this.reason = reason;
	}
}

const phrases: Record<ConnectionReason, string> = {
	refused: 'refused',
	'timed-out': 'timed out',
	unreachable: 'failed: no route to the host',
	'unknown-host': 'failed: the name is unknown in the guest',
	failed: 'failed',
};

/** The reason that a message of strerror(3) or gai_strerror(3) gives. */
export function connectionReason(description: string): ConnectionReason {
	if (/refused/i.test(description)) return 'refused';
	if (/timed out/i.test(description)) return 'timed-out';
	if (/no route|unreachable/i.test(description)) return 'unreachable';
	if (/name or service|name resolution|no address associated/i.test(description)) return 'unknown-host';
	return 'failed';
}
