/** The guest's command channel on this host: the real program of the agent's, with pipes for its port. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { packageRoot } from '../../../src/base/package-root.js';
import { CommandChannel } from '../../../src/machine/command-channel.js';

export interface StartedCommands extends Disposable {
	readonly channel: CommandChannel;
	/** The guest's process, which has a child for each command. */
	readonly pid: number;
	/** Resolves when the process has ended. */
	readonly closed: Promise<void>;
}

/**
 * Starts the guest's side, and connects to it.
 * @param manager the socket of its systemd
 * @param invocations where that notes how it has started its units
 */
export function startCommands(manager = '/nonexistent', invocations = '/nonexistent'): StartedCommands {
	const guest = path.join(packageRoot(), 'cloud-init', 'guest');
	const child = spawn('perl', ['-I', guest, '-MCommands', '-e', '$Manager::invocations = $ARGV[1]; Commands::serve(*STDIN, *STDOUT, $ARGV[0])', manager, invocations], { stdio: ['pipe', 'pipe', 'inherit'] });
	child.stdin.on('error', () => undefined);
	const port = Duplex.from({ readable: child.stdout, writable: child.stdin });
	const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
	return {
		channel: new CommandChannel('guest', port),
		pid: child.pid ?? 0,
		closed,
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}
