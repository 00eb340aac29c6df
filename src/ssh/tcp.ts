/** Why a TCP connection made in the guest's name did not come about. */
export type TcpReason = 'refused' | 'timed-out' | 'unreachable' | 'unknown-host' | 'prohibited' | 'failed';

/** A TCP connection that the guest could not open for us. The SSH connection itself is well. */
export class TcpOpenError extends Error {
	readonly reason: TcpReason;

	constructor(host: string, port: number, reason: TcpReason, message: string) {
		super(`connection to ${host}:${port} ${phrases[reason]}${reason === 'failed' && message !== '' ? ` (${message})` : ''}`);
		this.name = 'TcpOpenError';
		this.reason = reason;
	}
}

const phrases: Record<TcpReason, string> = {
	refused: 'refused',
	'timed-out': 'timed out',
	unreachable: 'failed: no route to the host',
	'unknown-host': 'failed: the name is unknown in the guest',
	prohibited: 'forbidden by the SSH server of the guest (AllowTcpForwarding)',
	failed: 'failed',
};

/**
 * The reason of a refused channel. OpenSSH sends strerror(3) or gai_strerror(3) of the attempt as the description
 * (channels.c), or only `open failed`; code 1 is SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1).
 */
export function tcpReason(code: unknown, description: string): TcpReason {
	if (code === 1) return 'prohibited';
	if (/refused/i.test(description)) return 'refused';
	if (/timed out/i.test(description)) return 'timed-out';
	if (/no route|unreachable/i.test(description)) return 'unreachable';
	if (/name or service|name resolution|no address associated/i.test(description)) return 'unknown-host';
	return 'failed';
}
